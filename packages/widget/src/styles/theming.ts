/**
 * What a host page can change about the looks, and nothing else is promised. Set on the widget's element (or any element
 * around it): `earshot-chat { --earshot-accent: #0a7d5a }`.
 */
export const themeVariables: readonly {
  readonly name: string;
  readonly default: string;
  readonly what: string;
}[] = [
  {
    name: '--earshot-accent',
    default: 'the blue-violet of Earshot',
    what: 'The brand’s colour: launcher, own messages, buttons. What is written on it, and in it, is computed so that it is read.',
  },
  {
    name: '--earshot-font',
    default: 'the system’s interface face',
    what: 'Font families of everything but code.',
  },
  { name: '--earshot-radius', default: '16px', what: 'Rounding of panels, bars and dialogs.' },
  { name: '--earshot-bubble-radius', default: '1.125rem', what: 'Rounding of messages.' },
  {
    name: '--earshot-bubble-mine',
    default: 'the accent',
    what: 'Background of own messages; choose one on which the accent’s text is read.',
  },
  {
    name: '--earshot-bubble-theirs',
    default: 'a warm grey',
    what: 'Background of others’ messages; choose one on which ink is read.',
  },
];

/** For `::part()`, where a variable is not enough. */
export const themeParts: readonly { readonly name: string; readonly what: string }[] = [
  { name: 'widget', what: 'everything' },
  { name: 'panel', what: 'the main panel and each conversation’s' },
  { name: 'header', what: 'the head of a panel' },
  { name: 'bar', what: 'a lowered conversation' },
  { name: 'bubble', what: 'a message' },
  { name: 'bubble-mine', what: 'an own message, besides `bubble`' },
  { name: 'composer', what: 'where one writes, with its buttons' },
  { name: 'input', what: 'the text box in it' },
  { name: 'send', what: 'the button that sends' },
  { name: 'menu', what: 'a menu or picker' },
  { name: 'dialog', what: 'a dialog over a panel' },
];
