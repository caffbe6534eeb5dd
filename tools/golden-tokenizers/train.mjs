// Small vocabularies: a byte-level BPE trained here, and a SentencePiece BPE trained by Debian's spm_train.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

// Debian packages bible-kjv and bible-kjv-text: King James text, public domain.
export function kingJames(passage) {
  return execFileSync('bible', ['-f', passage], { maxBuffer: 1 << 26 })
    .toString()
    .split('\n')
    .map((line) => line.replace(/^\S+ /, ''))
    .join('\n');
}

// Written here, so that merges also cross digits, code, white space and bytes of several scripts.
const samples = [
  'for (int i = 0; i < 1000; i++) {\n    total += values[i];\n}\n\n\n',
  '1234567890 3.14159 2024-11-20 0x7fff 100,000 9.81\n',
  "don't can't I'll we've they're it's he'd I'm\n",
  'жизнь и мир, мир и жизнь; любовь и надежда\n',
  '日本語の文章と漢字かな交じり文。東京都、京都府。\n',
  '中文的句子,中华人民共和国。\n',
  'السلام عليكم ورحمة الله وبركاته\n',
  'naïve café résumé Über straße\n',
  '😀😃😄 👍🏽 👨‍👩‍👧‍👦\n',
];

export const sampleText = samples.join('').repeat(20);

const alphabet = (() => {
  const printable = (b) => (b >= 33 && b <= 126) || (b >= 161 && b <= 172) || (b >= 174 && b <= 255);
  let next = 256;
  return Array.from({ length: 256 }, (_, b) => String.fromCharCode(printable(b) ? b : next++));
})();

export function trainByteLevel(text, mergeCount) {
  const pattern = /'(?:s|t|re|ve|m|ll|d)| ?\p{L}+| ?\p{N}{1,3}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/gu;
  const counts = new Map();
  for (const [word] of text.matchAll(pattern)) counts.set(word, (counts.get(word) ?? 0) + 1);
  const words = [...counts].map(([word, count]) => ({ symbols: [...Buffer.from(word)].map((b) => alphabet[b]), count }));
  const vocab = Object.fromEntries([...alphabet].sort().map((token, id) => [token, id]));
  const merges = [];
  while (merges.length < mergeCount) {
    const pairs = new Map();
    for (const { symbols, count } of words)
      for (let i = 0; i + 1 < symbols.length; i++) {
        const key = `${symbols[i]} ${symbols[i + 1]}`;
        pairs.set(key, (pairs.get(key) ?? 0) + count);
      }
    const [best] = [...pairs].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1))[0];
    const [left, right] = best.split(' ');
    merges.push([left, right]);
    vocab[left + right] ??= Object.keys(vocab).length;
    for (const word of words) {
      const merged = [];
      for (let i = 0; i < word.symbols.length; i++) {
        if (word.symbols[i] === left && word.symbols[i + 1] === right) merged.push(left + word.symbols[++i]);
        else merged.push(word.symbols[i]);
      }
      word.symbols = merged;
    }
  }
  return { vocab, merges };
}

export function trainSentencePiece(text, size) {
  const folder = mkdtempSync(join(tmpdir(), 'golden-'));
  try {
    writeFileSync(join(folder, 'text'), text);
    execFileSync('spm_train', [
      `--input=${join(folder, 'text')}`, `--model_prefix=${join(folder, 'm')}`, `--vocab_size=${size}`, '--model_type=bpe',
      '--byte_fallback=true', '--character_coverage=0.9995', '--normalization_rule_name=identity', '--add_dummy_prefix=true',
      '--remove_extra_whitespaces=false', '--split_digits=true', '--num_threads=1', '--minloglevel=2',
    ], { stdio: 'ignore' });
    const pieces = readFileSync(join(folder, 'm.vocab'), 'utf8').split('\n').filter(Boolean).map((line) => line.split('\t'));
    const vocab = Object.fromEntries(pieces.map(([piece], id) => [piece, id]));
    const merges = [];
    // Every way to cut a piece in two pieces is a merge; pieces come in the order in which they were learnt.
    for (const [piece] of pieces) {
      const characters = [...piece];
      const cuts = [];
      for (let i = 1; i < characters.length; i++) {
        const [left, right] = [characters.slice(0, i).join(''), characters.slice(i).join('')];
        if (left in vocab && right in vocab) cuts.push([left, right]);
      }
      cuts.sort(([a, b], [c, d]) => vocab[a] - vocab[c] || vocab[b] - vocab[d]);
      merges.push(...cuts);
    }
    return { vocab, merges };
  } finally {
    rmSync(folder, { recursive: true });
  }
}
