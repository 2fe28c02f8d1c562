import { expect, test } from 'bun:test';
import { smallCss } from './bundle.ts';

test('a small style sheet says the same', () => {
  const css = `/* Said. */
.a > .b,
:host(.c) :is(.d, .e):hover {
  margin: calc(1px + 2px) auto;
  content: "a  ;  b";
  --gap: 4px;
}

@media (min-width: 40rem) and (hover: hover) {
  a:hover::before { color: red; }
}
`;
  expect(smallCss(css)).toBe(
    '.a>.b,:host(.c) :is(.d,.e):hover{margin: calc(1px + 2px) auto;content: "a  ;  b";--gap: 4px}@media (min-width: 40rem) and (hover: hover){a:hover::before{color: red}}',
  );
});
