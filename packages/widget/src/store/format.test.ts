import { describe, expect, test } from 'bun:test';
import fc from 'fast-check';
import { type Block, type Inline, parseText, plainText } from './format.ts';

const inline = (text: string, names?: string[]) => {
  const [block] = parseText(text, names);
  return block?.type === 'paragraph' ? block.children : [];
};

const plain = (parts: readonly Inline[]): string =>
  parts.map((part) => ('children' in part ? plain(part.children) : part.text)).join('');
const everyInline = (blocks: readonly Block[]): Inline[] =>
  blocks.flatMap((block) => ('children' in block ? block.children.flatMap(inner) : []));
const inner = (part: Inline): Inline[] =>
  'children' in part ? [part, ...part.children.flatMap(inner)] : [part];

describe('text', () => {
  test('strong, emphasis and code are what stands between their marks', () => {
    expect(inline('a **b *c*** d')).toMatchObject([{ text: 'a ' }, { type: 'strong' }, expect.anything()]);
    expect(inline('**bold**')).toEqual([{ type: 'strong', children: [{ type: 'text', text: 'bold' }] }]);
    expect(inline('*it*, `co*d*e`')).toEqual([
      { type: 'emphasis', children: [{ type: 'text', text: 'it' }] },
      { type: 'text', text: ', ' },
      { type: 'code', text: 'co*d*e' },
    ]);
  });

  test('marks that do not hug, stand in words or stay open are text', () => {
    for (const text of ['2 * 3 * 4', '2*3*4', '* a *', '**', '****', 'a * b', '`', '*a', 'snake_case_name']) {
      expect(inline(text)).toEqual([{ type: 'text', text }]);
    }
  });

  test('blocks: paragraphs, quotes and code', () => {
    expect(parseText('one\ntwo\n> said\n> more\n```js\nlet a = "**";\n```\nend')).toEqual([
      { type: 'paragraph', children: [{ type: 'text', text: 'one\ntwo' }] },
      { type: 'quote', children: [{ type: 'text', text: 'said\nmore' }] },
      { type: 'code-block', text: 'let a = "**";' },
      { type: 'paragraph', children: [{ type: 'text', text: 'end' }] },
    ]);
    expect(parseText('```\nopen')).toEqual([
      { type: 'paragraph', children: [{ type: 'text', text: '```\nopen' }] },
    ]);
    expect(parseText('>_< >:(')).toMatchObject([{ type: 'quote' }]);
    expect(parseText('a > b')).toMatchObject([{ type: 'paragraph' }]);
  });

  test('addresses end where the sentence goes on', () => {
    const links = (text: string) =>
      everyInline(parseText(text)).flatMap((part) => (part.type === 'link' ? [part.href] : []));
    expect(links('see https://example.com/a_(b)?c=d&e#f.')).toEqual(['https://example.com/a_(b)?c=d&e#f']);
    expect(links('(https://example.com/), https://example.org!')).toEqual([
      'https://example.com/',
      'https://example.org/',
    ]);
    expect(links('mailto:ann@example.com')).toEqual(['mailto:ann@example.com']);
    expect(
      links('xhttps://example.com javascript:alert(1) data:text/html,x ftp://example.com mailto:'),
    ).toEqual([]);
    expect(links('https://bank.example@evil.example/')).toEqual([]);
    expect(links('https://exa\u202emple.com')).toEqual(['https://exa/']);
  });

  test('mentions: the names given, the longest first, else any word', () => {
    expect(inline('hi @ann, mail a@b')).toMatchObject([
      { text: 'hi ' },
      { type: 'mention', name: 'ann' },
      { text: ', mail a@b' },
    ]);
    expect(inline('@Ann Lee!', ['Ann', 'Ann Lee'])).toMatchObject([
      { type: 'mention', name: 'Ann Lee' },
      { text: '!' },
    ]);
    expect(inline('@Anna', ['Ann'])).toMatchObject([{ type: 'mention', name: 'Anna' }]);
  });

  const hostile = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc
      .array(
        fc.oneof(
          fc.constantFrom(
            '*',
            '**',
            '`',
            '```',
            '\n',
            '> ',
            '@',
            'https://',
            'HTTP://',
            'mailto:',
            'javascript:',
            '<img onerror=x>',
            '"',
            "'",
            '(',
            ')',
            '\u202e',
            '\u200b',
            'a',
            '.',
            ' ',
            '%0a',
            '\\',
            'user:pw@',
            '&#x6a;',
          ),
          fc.string({ unit: 'grapheme', maxLength: 4 }),
        ),
        { maxLength: 40 },
      )
      .map((parts) => parts.join('')),
  );

  test('no input makes an address that is not http, https or mailto, or hides where it leads', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        for (const part of everyInline(parseText(text))) {
          if (part.type !== 'link') continue;
          const url = new URL(part.href);
          expect(['http:', 'https:', 'mailto:']).toContain(url.protocol);
          expect(url.username + url.password).toBe('');
          expect(part.text).not.toMatch(/[\s<>"'`\p{Cc}\p{Cf}]/u);
          expect(text).toContain(part.text);
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('tokens hold the text and nothing but the text: what is left out are marks', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const kept = parseText(text).map((block) =>
          'children' in block ? plain(block.children) : block.text,
        );
        let at = 0;
        for (const char of kept.join('')) {
          const found = text.indexOf(char, at);
          expect(found).toBeGreaterThanOrEqual(0);
          expect(text.slice(at, found)).toMatch(/^[\s*`>\w]*$/);
          at = found + char.length;
        }
      }),
      { numRuns: 2_000 },
    );
  });

  test('4,000 characters of marks are no work', () => {
    const steps = ['*', '`', '**', '@', '(', '*a', '> ', 'https://', '`a'];
    for (const step of steps)
      expect(parseText(step.repeat(4_000 / step.length)).length).toBeGreaterThanOrEqual(0);
  });
});

test('what it says without its marks', () => {
  expect(plainText('**Ada** and *Ben*: `x = 1` @Cleo https://a.example')).toBe(
    'Ada and Ben: x = 1 @Cleo https://a.example',
  );
  expect(plainText('> quoted *so*\nand on\n```\ncode **as is**\n```')).toBe(
    'quoted so\nand on\ncode **as is**',
  );
  expect(plainText('2 * 3 * 4')).toBe('2 * 3 * 4');
});
