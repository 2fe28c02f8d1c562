import { expect, test } from 'bun:test';
import { smallCss } from './bundle.ts';

test('a small style sheet says the same', () => {
  const css = `/* Said. */
.a > .b,
:host(.c) :is(.d, .e):hover {
  margin: calc(0.5 * (1px - -0.25em) + var(--a) / 2) auto;
  content: "a  ;  b";
  --gap: 4px;
}

@media (min-width: 40rem) and (hover: hover) {
  a:hover::before { color: red; }
  a > * :is(b), .v1 * { opacity: 0; flex: 0 10.05%; }
}
`;
  expect(smallCss(css)).toBe(
    '.a>.b,:host(.c) :is(.d,.e):hover{margin:calc(.5 * (1px - -.25em) + var(--a)/2) auto;content:"a  ;  b";--gap:4px}@media (min-width:40rem) and (hover:hover){a:hover::before{color:red}a>* :is(b),.v1 *{opacity:0;flex:0 10.05%}}',
  );
});
