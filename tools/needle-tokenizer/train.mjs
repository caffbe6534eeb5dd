// The tokenizer of models/needle: a byte-level BPE over the King James text, in which digits stay single and the words of the needle test are whole.
//   node tools/needle-tokenizer/train.mjs artifacts/data/kjv tokenizer.json
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const [folder, output] = process.argv.slice(2);
const size = 1021; // three ids of the model's 1,024 stay free
const weight = 5000; // of a word of the test, in occurrences
const cities =
  'Amsterdam Athens Bangkok Beijing Berlin Bogota Boston Cairo Chicago Delhi Dublin Geneva Havana Helsinki Istanbul Jakarta Lima Lisbon London Madrid Manila Moscow Mumbai Nairobi Oslo Paris Prague Rome Seoul Singapore Sydney Tokyo';
const frame =
  'This is a very long story book: Based on the content of the book, Question: What is the special magic  number? Answer: The special magic number is:';
const regex = ' ?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+|\\s+';

// GPT-2's way of writing bytes as visible letters.
const isPlain = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
let next = 256;
const alphabet = Array.from({ length: 256 }, (_, b) => String.fromCharCode(isPlain(b) ? b : next++));

const counts = new Map();
const add = (text, times) => {
  for (const [word] of text.matchAll(new RegExp(regex, 'gu'))) counts.set(word, (counts.get(word) ?? 0) + times);
};
add(readdirSync(folder).sort().map((file) => readFileSync(join(folder, file), 'utf8')).join(''), 1);
add(frame, weight);
for (const city of cities.split(' ')) add(` ${city}`, weight);

const words = [...counts].map(([word, count]) => ({ symbols: [...Buffer.from(word)].map((b) => alphabet[b]), count }));
const vocab = new Map([...alphabet].sort().map((token, id) => [token, id]));
const merges = [];
while (vocab.size < size) {
  const pairs = new Map();
  for (const { symbols, count } of words)
    for (let i = 0; i + 1 < symbols.length; i++) {
      const pair = `${symbols[i]} ${symbols[i + 1]}`;
      pairs.set(pair, (pairs.get(pair) ?? 0) + count);
    }
  const [best] = [...pairs].reduce((a, b) => (b[1] > a[1] || (b[1] === a[1] && b[0] < a[0]) ? b : a));
  const [left, right] = best.split(' ');
  merges.push(best);
  if (!vocab.has(left + right)) vocab.set(left + right, vocab.size);
  for (const word of words) {
    const merged = [];
    for (let i = 0; i < word.symbols.length; i++)
      if (word.symbols[i] === left && word.symbols[i + 1] === right) merged.push(left + word.symbols[++i]);
      else merged.push(word.symbols[i]);
    word.symbols = merged;
  }
}

writeFileSync(output, JSON.stringify({
  version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null,
  pre_tokenizer: {
    type: 'Sequence',
    pretokenizers: [
      { type: 'Split', pattern: { Regex: regex }, behavior: 'Isolated', invert: false },
      { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false },
    ],
  },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: {
    type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false, byte_fallback: false, ignore_merges: false,
    vocab: Object.fromEntries(vocab), merges,
  },
}));
