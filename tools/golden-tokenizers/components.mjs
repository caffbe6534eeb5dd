// Single steps with every option, so that a fault shows where it is.
import { byteLevel, deepSeekPattern, gpt2Pattern, llama3Pattern, o200kPattern, sequence, split } from './pipelines.mjs';

const behaviors = ['Isolated', 'Removed', 'MergedWithPrevious', 'MergedWithNext', 'Contiguous'];
const metaspace = (prepend_scheme, splits) => ({ type: 'Metaspace', replacement: '▁', prepend_scheme, split: splits });
const string = (text, behavior, invert) => ({ type: 'Split', pattern: { String: text }, behavior, invert });

const preTokenizers = [
  ...behaviors.flatMap((behavior) => [false, true].map((invert) => split('\\s', behavior, invert))),
  ...behaviors.map((behavior) => string('b', behavior, false)),
  ...behaviors.map((behavior) => ({ type: 'Punctuation', behavior })),
  ...[gpt2Pattern, llama3Pattern, o200kPattern, deepSeekPattern].map((pattern) => split(pattern)),
  ...['\\s+$', '^\\s', '\\w+|[^\\w\\s]+', '[^(\\s|[.,!?…。，、।۔،])]+', '\\d{1,3}(?=(?:\\d{3})*\\b)', '(?<=\\p{L})\\p{N}|(?<!\\p{L})\\p{P}',
    '[\\p{L}&&[^\\p{Lu}]]+', 'x*',
    '\\p{Han}+', '(?:\\r?\\n)+', '.{1,3}', '\\p{N}{2,}?', "(?i:[sdmt]|ll|ve|re)", '(?>a+)b|\\p{M}+', '[\\x{1F600}-\\x{1F64F}]|[\\u3040-\\u30FF]++',
      '\\A.|.\\z|\\h{2}', '\\p{^L}+?\\b'].map((pattern) => split(pattern)),
  ...['always', 'first', 'never'].flatMap((scheme) => [metaspace(scheme, true), metaspace(scheme, false)]),
  byteLevel(true, true), byteLevel(false, true), byteLevel(true, false),
  { type: 'Digits', individual_digits: true }, { type: 'Digits', individual_digits: false }, { type: 'Whitespace' }, { type: 'WhitespaceSplit' },
  sequence('pretokenizers', { type: 'WhitespaceSplit' }, metaspace('first', false), { type: 'Digits', individual_digits: true }),
];

const regexReplace = (pattern, content) => ({ type: 'Replace', pattern: { Regex: pattern }, content });
const normalizers = [
  ...['NFC', 'NFD', 'NFKC', 'NFKD', 'Lowercase', 'StripAccents'].map((type) => ({ type })),
  { type: 'Strip', strip_left: true, strip_right: true }, { type: 'Strip', strip_left: true, strip_right: false }, { type: 'Strip', strip_left: false,
    strip_right: true },
  { type: 'Prepend', prepend: '▁' }, { type: 'Replace', pattern: { String: ' ' }, content: '▁' }, { type: 'Replace', pattern: { String: 'a' },
    content: '' },
  regexReplace('\\s{2,}', ' '), regexReplace("''|``", '"'), regexReplace('\\p{M}', ''), regexReplace('x*', '-'),
  sequence('normalizers', { type: 'NFD' }, { type: 'Lowercase' }, { type: 'StripAccents' }),
];

const decoders = [
  byteLevel(), { type: 'ByteFallback' }, { type: 'Fuse' }, metaspace('always', true), metaspace('never', true), metaspace('first', false),
  { type: 'Strip', content: ' ', start: 1, stop: 0 }, { type: 'Strip', content: 'a', start: 2, stop: 0 },
  { type: 'Replace', pattern: { String: '▁' }, content: ' ' }, regexReplace('[aeiou]+', '*'),
  sequence('decoders', { type: 'Replace', pattern: { String: '▁' }, content: ' ' }, { type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip',
    content: ' ', start: 1, stop: 0 }),
];

export const tokenLists = [
  [], ['a'], ['▁a', 'b', '▁'], ['▁▁a', '▁▁'], ['<0xE2>', '<0x96>', '<0x81>'], ['<0xE2>', 'x', '<0x96>'], ['<0xFF>', '<0x41>', '<0x42>'], ['<0x41>',
    '<0xC3>', '<0xA9>', 'z'],
  ['<0xC0>', '<0x80>'], ['<0xED>', '<0xA0>', '<0x80>'], ['<0xGG>', '<0x4>', '<0xe9>'], ['Ġthe', 'ĠGod', 'Ċ'], ['Ã', '©'], ['Ã', 'x'], ['ð', 'Ł', 'ĺ',
    'Ģ'], ['ð', 'Ł', 'ĺ'], ['é', '日本', 'Ġa'],
  ['', ' ', '  a', ' aa ', 'aaa'], ['<s>', '▁Hello', '▁world', '</s>'], ['Ń', 'ĳ', 'ń'], ['😀', 'Ġ😀'],
];

export const components = { pre_tokenizer: preTokenizers, normalizer: normalizers, decoder: decoders };
