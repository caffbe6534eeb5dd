// Pipelines as real model families write them, over the small vocabularies.
const token = (content, options = {}) => ({
  content, single_word: false, lstrip: false, rstrip: false, normalized: false, special: true, ...options,
});

const plain = (content, options = {}) => token(content, { special: false, normalized: true, ...options });

export const gpt2Pattern = "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
export const llama3Pattern =
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
export const qwenPattern = llama3Pattern.replace('{1,3}', '');
export const o200kPattern =
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" +
  "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|" +
  "\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
export const deepSeekPattern =
  "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|" +
  "[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+| ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

export const split = (regex, behavior = 'Isolated', invert = false) => ({ type: 'Split', pattern: { Regex: regex }, behavior, invert });
export const byteLevel = (add_prefix_space = false, use_regex = true) => ({ type: 'ByteLevel', add_prefix_space, trim_offsets: true, use_regex });
export const sequence = (key, ...steps) => ({ type: 'Sequence', [key]: steps });
const replace = (from, content) => ({ type: 'Replace', pattern: { String: from }, content });

const template = (vocabOf, ...names) => ({
  type: 'TemplateProcessing',
  single: names.map((name) => (name === 'A' ? { Sequence: { id: 'A', type_id: 0 } } : { SpecialToken: { id: name, type_id: 0 } })),
  pair: [{ Sequence: { id: 'A', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } }],
  special_tokens: Object.fromEntries(names.filter((name) => name !== 'A').map((name) => [name, { id: name, ids: [vocabOf(name)], tokens: [name] }])),
});

function build({ vocab, merges }, options) {
  const added = (options.added ?? []).map((entry, index, all) => {
    const known = vocab[entry.content];
    const fresh = all.slice(0, index).filter((earlier) => !(earlier.content in vocab)).length;
    return { id: known ?? Object.keys(vocab).length + fresh, ...entry };
  });
  const idOf = (name) => added.find((entry) => entry.content === name).id;
  return {
    json: {
      version: '1.0', truncation: null, padding: null, added_tokens: added,
      normalizer: options.normalizer ?? null,
      pre_tokenizer: options.pre ?? null,
      post_processor: options.post?.(idOf) ?? null,
      decoder: options.decoder ?? null,
      model: {
        type: 'BPE', dropout: null, unk_token: null, continuing_subword_prefix: null, end_of_word_suffix: null,
        fuse_unk: false, byte_fallback: false, ignore_merges: false, vocab,
        merges: options.pairs ? merges : merges.map(([left, right]) => `${left} ${right}`),
        ...options.model,
      },
    },
    config: options.config,
  };
}

export function pipelines(bytes, pieces) {
  // Whole words without merges: only ignore_merges can reach them.
  const whole = ['ĠJerusalem', 'Jerusalem'];
  const unreachable = { ...bytes, vocab: { ...bytes.vocab, ...Object.fromEntries(whole.map((word, i) => [word, Object.keys(bytes.vocab).length + i])) } };
  const withoutBytes = (() => {
    const kept = Object.keys(pieces.vocab).filter((piece) => !/^<0x..>$/.test(piece));
    return { vocab: Object.fromEntries(kept.map((piece, id) => [piece, id])), merges: pieces.merges };
  })();
  const someBytes = (() => {
    const kept = Object.keys(pieces.vocab).filter((piece) => !/^<0x[^0-3E].>$/.test(piece));
    return { vocab: Object.fromEntries(kept.map((piece, id) => [piece, id])), merges: pieces.merges };
  })();
  const sentencePiece = { unk_token: '<unk>', fuse_unk: true, byte_fallback: true };
  const marks = [token('<unk>'), token('<s>'), token('</s>')];
  const fallbackDecoder = sequence('decoders', replace('▁', ' '), { type: 'ByteFallback' }, { type: 'Fuse' }, { type: 'Strip', content: ' ', start: 1,
    stop: 0 });
  const odd = [
    token('<mask>', { lstrip: true, rstrip: false }), plain('<tok>', { single_word: true, normalized: false }), plain('alpha'),
    plain('<long>', { rstrip: true, normalized: false }), plain('<longer>', { normalized: false }),
  ];

  return {
    llama3: build(unreachable, {
      added: [token('<|begin_of_text|>'), token('<|end_of_text|>'), token('<|eot_id|>')],
      pre: sequence('pretokenizers', split(llama3Pattern), byteLevel(false, false)),
      post: (idOf) => sequence('processors', byteLevel(true), template(idOf, '<|begin_of_text|>', 'A')),
      decoder: byteLevel(true), model: { ignore_merges: true },
      config: { bos_token: '<|begin_of_text|>', eos_token: '<|end_of_text|>', tokenizer_class: 'PreTrainedTokenizerFast' },
    }),
    qwen2: build(bytes, {
      added: [token('<|endoftext|>'), token('<|im_start|>'), token('<|im_end|>'), plain('<tool_call>', { normalized: false }), plain('</tool_call>',
        { normalized: false })],
      normalizer: { type: 'NFC' },
      pre: sequence('pretokenizers', split(qwenPattern), byteLevel(false, false)),
      post: () => byteLevel(false), decoder: byteLevel(false), pairs: true, model: { unk_token: null, continuing_subword_prefix: '',
        end_of_word_suffix: '' },
      config: { bos_token: null, eos_token: '<|im_end|>', tokenizer_class: 'Qwen2Tokenizer' },
    }),
    gpt2: build(bytes, {
      added: [token('<s>'), token('</s>'), ...odd],
      pre: byteLevel(true), decoder: byteLevel(true), post: (idOf) => template(idOf, '<s>', 'A', '</s>'),
      config: {
        bos_token: { content: '<s>', lstrip: false, normalized: false, rstrip: false, single_word: false, __type: 'AddedToken' },
        eos_token: { content: '</s>', lstrip: false, normalized: false, rstrip: false, single_word: false, __type: 'AddedToken' },
      },
    }),
    deepseek: build(bytes, {
      added: [token('<s>'), plain('<tok>', { normalized: false })], normalizer: sequence('normalizers'),
      pre: sequence('pretokenizers', split('\\p{N}{1,3}'), split('[一-龥\\u3040-ゟ゠-ヿ]+'), split(deepSeekPattern), byteLevel(false, false)),
      post: () => byteLevel(true), decoder: byteLevel(true), pairs: true,
    }),
    falcon: build(bytes, {
      added: [token('<|endoftext|>'), token('[PAD]', { rstrip: true })],
      pre: sequence('pretokenizers', { type: 'Punctuation', behavior: 'Contiguous' }, byteLevel(false), { type: 'Digits', individual_digits: false },
        split('[0-9][0-9][0-9]')),
      post: () => byteLevel(false), decoder: byteLevel(false),
    }),
    o200k: build(unreachable, {
      added: [token('<|endoftext|>')], pre: sequence('pretokenizers', split(o200kPattern, 'Removed', true), byteLevel(false, false)),
      post: () => byteLevel(false), decoder: byteLevel(false), model: { ignore_merges: true }, pairs: true,
    }),
    llama2: build(pieces, {
      added: marks, normalizer: sequence('normalizers', { type: 'Prepend', prepend: '▁' }, replace(' ', '▁')),
      post: (idOf) => template(idOf, '<s>', 'A'), decoder: fallbackDecoder, model: sentencePiece,
      config: { bos_token: '<s>', eos_token: '</s>', tokenizer_class: 'LlamaTokenizer', add_bos_token: true, add_eos_token: false },
    }),
    mistral: build(pieces, {
      added: [...marks, token('[INST]'), token('[/INST]')],
      pre: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: false },
      post: (idOf) => template(idOf, '<s>', 'A'), decoder: fallbackDecoder, model: sentencePiece, pairs: true,
      config: { bos_token: '<s>', eos_token: '</s>' },
    }),
    gemma: build(pieces, {
      added: [...marks, plain('▁▁▁', { normalized: false }), plain('\n\n', { normalized: false })], normalizer: replace(' ', '▁'),
      pre: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
      post: (idOf) => template(idOf, '<s>', 'A'),
      decoder: sequence('decoders', replace('▁', ' '), { type: 'ByteFallback' }, { type: 'Fuse' }), model: sentencePiece, pairs: true,
    }),
    metaspace: build(withoutBytes, {
      added: [token('<unk>'), token('<s>'), token('</s>')],
      pre: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true },
      decoder: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'always', split: true }, model: { unk_token: '<unk>', fuse_unk: false },
    }),
    partial: build(someBytes, {
      added: marks, normalizer: sequence('normalizers', { type: 'Strip', strip_left: true, strip_right: true }),
      pre: { type: 'Metaspace', replacement: '▁', prepend_scheme: 'first', split: true },
      post: (idOf) => template(idOf, 'A', '</s>'), decoder: fallbackDecoder, model: sentencePiece,
    }),
    normalizers: build(withoutBytes, {
      added: [token('<unk>'), token('<s>'), token('</s>'), plain('ALPHA', { single_word: true }), plain('Tok', { lstrip: true, rstrip: true })],
      normalizer: sequence(
        'normalizers', { type: 'NFKD' }, { type: 'StripAccents' }, { type: 'Lowercase' }, { type: 'Strip', strip_left: true, strip_right: true },
        { type: 'Replace', pattern: { Regex: '\\s+' }, content: ' ' }, { type: 'Prepend', prepend: '▁' }),
      pre: sequence('pretokenizers', { type: 'Digits', individual_digits: true }, { type: 'Metaspace', replacement: '▁', prepend_scheme: 'never',
        split: true }),
      decoder: null, model: { unk_token: '<unk>', fuse_unk: true },
    }),
  };
}
