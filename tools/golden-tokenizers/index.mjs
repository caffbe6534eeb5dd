// Writes tests/Golden/tokenizers: small tokenizer.json files and what the Rust library makes of many texts.
// Needs: Debian's bible-kjv, bible-kjv-text and sentencepiece; npm ci.
//
// Two oracles. npm `tokenizers` is the Rust library itself: its answers are the golden ones. npm `@huggingface/tokenizers` is
// Hugging Face's JavaScript port: texts on which it disagrees are listed, so that a reader can see where a port goes wrong.
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Tokenizer as Port } from '@huggingface/tokenizers';
import native from 'tokenizers';
import { components, tokenLists } from './components.mjs';
import { pipelines } from './pipelines.mjs';
import { random, strings } from './strings.mjs';
import { kingJames, sampleText, trainByteLevel, trainSentencePiece } from './train.mjs';

const target = join(dirname(fileURLToPath(import.meta.url)), '../../tests/Golden/tokenizers');
const texts = strings(110);
const componentTexts = texts.filter((_, index) => index % 3 !== 1);

function write(path, value) {
  const file = join(target, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, JSON.stringify(value) + '\n');
}

const attempt = (action) => {
  try {
    return action();
  } catch {
    return undefined;
  }
};

const equal = (a, b) => JSON.stringify(a) === JSON.stringify(b);
// A text that decodes to itself is written as 0: most do, and the file stays small.
const unlessSame = (text, decoded) => (text === decoded ? 0 : decoded);

async function tokenizerGolden(json, config) {
  const rust = native.Tokenizer.fromString(JSON.stringify(json));
  const port = new Port(json, config ?? {});
  const encode = async (text, addSpecialTokens) => (await rust.encode(text, null, { addSpecialTokens })).getIds();
  const portOptions = { clean_up_tokenization_spaces: false };
  const cases = [];
  const portDiffers = { encode: [], decode: [] };
  for (const [index, text] of texts.entries()) {
    const ids = await encode(text, true);
    const all = await rust.decode(ids, false);
    const plain = await rust.decode(ids, true);
    cases.push([ids, unlessSame(text, all), unlessSame(text, plain)]);
    if (!equal(ids, attempt(() => port.encode(text).ids))) portDiffers.encode.push(index);
    if (ids.length > 0 && all !== attempt(() => port.decode(ids, portOptions))) portDiffers.decode.push(index);
  }
  const next = random(7);
  const size = Math.max(...Object.values(rust.getVocab(true))) + 1;
  const decode = [];
  for (let i = 0; i < 40; i++) {
    const ids = Array.from({ length: 1 + next(8) }, () => (next(4) === 0 ? size - 1 - next(6) : next(size)));
    decode.push([ids, await rust.decode(ids, false), await rust.decode(ids, true)]);
  }
  const bare = await encode('', true);
  return { golden: { bare, cases, decode, portDiffers }, counts: [portDiffers.encode.length, portDiffers.decode.length] };
}

function componentGolden(kind, config) {
  const shell = {
    version: '1.0', truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null,
    model: { type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null, fuse_unk: false,
      byte_fallback: false, vocab: {}, merges: [] },
    [kind]: config,
  };
  const rust = native.Tokenizer.fromString(JSON.stringify(shell));
  if (kind === 'decoder') return { kind, config, out: tokenLists.map((tokens) => rust.getDecoder().decode(tokens)) };
  if (kind === 'normalizer') return { kind, config, out: componentTexts.map((text) => unlessSame(text, rust.getNormalizer().normalizeString(text))) };
  return { kind, config, out: componentTexts.map((text) => (text === '' ? [] : rust.getPreTokenizer().preTokenizeString(text).map(([piece]) => piece))) };
}

const bytes = trainByteLevel(kingJames('gen1:1-gen30:43') + sampleText, 480);
const pieces = trainSentencePiece(kingJames('gen1:1-exo40:38'), 720);

write('strings.json', texts);
for (const [name, { json, config }] of Object.entries(pipelines(bytes, pieces))) {
  const { golden, counts } = await tokenizerGolden(json, config);
  write(`${name}/tokenizer.json`, json);
  if (config) write(`${name}/tokenizer_config.json`, config);
  write(`${name}/golden.json`, golden);
  console.log(`${name}: the port differs on ${counts[0]} encodings and ${counts[1]} decodings of ${texts.length}`);
}

const steps = Object.entries(components).flatMap(([kind, configs]) => configs.map((config) => componentGolden(kind, config)));
write('components.json', { texts: componentTexts, tokenLists, steps });
