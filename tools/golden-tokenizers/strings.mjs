// The texts that are encoded: an awkward list, then seeded mixtures.
const fixed = [
  '', ' ', '  ', '   ', '\n', '\n\n', '\r\n', ' \n', '\n ', '\t', 'a', 'a ', ' a', '  a', 'a  ', 'Hello', 'Hello world', ' Hello  world ',
  'In the beginning God created the heaven and the earth.', "don't I'LL we'Ve THEY'RE it's he'd I'm 'tis", "'s's 'S 'ſ IT'ſ K'\u212A",
  '1', '12', '123', '1234', '12345', '1234567', '3.14159', '1,000,000', '٣٤٥', '१२३', '𝟏𝟐𝟑', '½ ² ³ Ⅷ ㊿', 'x2y3', 'a1b22c333d4444',
  'a\u0301', 'é', 'e\u0301\u0302', '\u0301a', 'ﬁ ﬀ', 'Å Å', '한국어', '\u1112\u1161\u11AB', 'İstanbul ı', 'ΣΑΣ', 'straße', 'Ǆ ǅ ǆ',
  '日本語', '漢字かな交じり文', '中文 English 中文', 'ｆｕｌｌｗｉｄｔｈ', '、。「」', 'السلام عليكم', 'שלום', 'हिन्दी', 'ไทยภาษา', 'жизнь',
  '𝒜𝒷𝒸', '𐐀𐐨', '𠀀𠮷', '𝔘𝔫𝔦𝔠𝔬𝔡𝔢 text', '😀', '😀😀', '👍🏽', '👨‍👩‍👧‍👦', '🇩🇪🇫🇷', '❤️', '☺︎', '\u200D', 'a\u200Db', 'a\u200Cb',
  '\u0000', 'a\u0000b', '\u0001\u001F\u007F', '\u0085', '\u00A0', 'a\u00A0b', '\u2003x', '\u3000x', '\u2028\u2029', '\uFEFFa', '\uFFFD',
    '\uFFFE\uFFFF', 'e\u0301\uFFFEe\u0301',
  '\u{10FFFF}', '\uE000', '\u{1F1E6}', '▁', '▁a', 'a▁b', '▁▁', ' ▁ ', 'Ġ', 'ĠHello', 'Ċ', '<0x0A>', '<0x41>', '<unk>', '<s>', '</s>', '<s></s>',
  '<s>Hello</s>', ' <s> Hello </s> ', 'a<s>b', '<<s>>', '<s', '<|begin_of_text|>', '<|begin_of_text|>Hi<|eot_id|>', '<|im_start|>user\nHi<|im_end|>\n',
  '<mask>', 'a  <mask>  b', '<mask><mask>', ' <mask> <mask> ', '<tok>', 'a<tok>b', 'a <tok> b', '(<tok>)', 'word<tok>', '<tok>\u200D',
  'ALPHA beta alpha', '[PAD]x', 'Alpha', '<tool_call>{"a": 1}</tool_call>', '<long><longer><long', '𝒜<tok>𝒜',
  '!!!', '...', '$100 + 5% = ?', 'a_b-c.d', 'https://example.org/a?b=c&d=e#f', '"quoted"', '«guillemets»', '—dash–', '#include <x.h>\n#define Y\n',
  'if (x) {\n\treturn y;\n}\n', '    four\n        eight\n', 'trailing   ', '   leading', 'a \n b', 'a\n\n\n\nb', 'a\r\n\r\nb', ' \t \n \t ',
    'x  \n\n  y', '/\n/', 'a/\n', '?!\n\n',
  'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa', 'thethethethethethethethethe', 'JerusalemJerusalem Jerusalem',
    'CamelCaseWords HTTPServer iPhone',
  'the the the the', 'And God said, Let there be light: and there was light.\nAnd God saw the light, that it was good.',
];

const atoms = [
  ['a', 'b', 'the', 'God', 'light', 'Earth', 'x', 'Zz', 'And', "'s", "'LL", "n't"],
  [' ', ' ', '  ', '   ', '\n', '\t', '\r\n', '\u00A0', '\u3000'],
  ['0', '7', '42', '1999', '١', '𝟘', '²', 'Ⅳ'],
  ['.', ',', '!', '?', '-', '/', '(', ')', '"', '_', '$', '+', '…', '。', '¿'],
  ['é', 'e\u0301', 'ß', 'ñ', 'ж', 'Ж', 'α', 'א', 'م', 'ह', 'ि', 'ไ', 'กี่'],
  ['日', '本', '語', 'か', 'ナ', '한', '中', '𠀀', '一', '龥'],
  ['😀', '👍🏽', '👩‍💻', '\u200D', '\uFE0F', '🇩🇪', '𝒜', '𐐷', '\u{1D7D8}'],
  ['<s>', '</s>', '<unk>', '<|eot_id|>', '<|im_end|>', '<mask>', '<tok>', 'alpha', '▁', 'Ġ', '<0xE2>'],
  ['\u0000', '\u0007', '\u001B', '\u007F', '\u0085', '\u00AD', '\uFEFF', '\uFFFD', '\uFFFE'],
];

export function random(seed) {
  let state = seed >>> 0;
  return (n) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
}

export function strings(count) {
  const next = random(20241120);
  const all = [...fixed];
  while (all.length < fixed.length + count) {
    let text = '';
    for (let parts = 1 + next(14); parts > 0; parts--) {
      const kind = atoms[next(3) === 0 ? next(2) : next(atoms.length)];
      text += kind[next(kind.length)];
    }
    all.push(text);
  }
  return all;
}
