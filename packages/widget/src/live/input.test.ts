import { expect, test } from 'bun:test';
import { attachInput, type LiveInput } from './input.ts';
import type { LiveActions, LiveState, LiveStore } from './state.ts';

/** A text field as browsers have it, and a lane that holds what it is told. */
function field() {
  const heard = new Map<string, () => void>();
  const input = {
    value: '',
    selectionStart: 0,
    selectionEnd: 0,
    setSelectionRange(start: number, end: number) {
      input.selectionStart = start;
      input.selectionEnd = end;
    },
    addEventListener: (event: string, listener: () => void) => void heard.set(event, listener),
    removeEventListener: (event: string) => void heard.delete(event),
  };
  const typed: [string, boolean][] = [];
  const lane = { input: '', refuse: null as string | null };
  let listener = () => {};
  const store = {
    state: () => ({ input: lane.input }) as LiveState,
    subscribe(next: () => void) {
      listener = next;
      return () => {
        listener = () => {};
      };
    },
    actions: {
      type(text: string, composing: boolean) {
        typed.push([text, composing]);
        lane.input = lane.refuse ?? text;
        return lane.input;
      },
      takeFaded: () => lane.input,
    } as Partial<LiveActions>,
    stop() {},
  } as LiveStore;
  const letGo = attachInput(input as unknown as LiveInput, store);
  return {
    input,
    typed,
    lane,
    letGo,
    fire: (event: string) => heard.get(event)?.(),
    changed: () => listener(),
    put(value: string, caret = value.length) {
      input.value = value;
      input.setSelectionRange(caret, caret);
      heard.get('input')?.();
    },
  };
}

test('what the field holds is typed, however it got there', () => {
  const { put, typed } = field();
  put('a');
  put('pasted text');
  expect(typed).toEqual([
    ['a', false],
    ['pasted text', false],
  ]);
});

test('while an input method is at work the field is left alone, and set right after', () => {
  const one = field();
  one.put('old ');
  one.fire('compositionstart');
  one.lane.refuse = 'old k';
  one.put('old か');
  expect(one.input.value).toBe('old か');
  one.lane.input = 'か';
  one.changed();
  expect(one.input.value).toBe('old か');
  one.lane.refuse = 'か';
  one.fire('compositionend');
  expect(one.typed.at(-1)).toEqual(['old か', false]);
  expect(one.input.value).toBe('か');
});

test('what has faded leaves the field, and the caret stays where it was in the text', () => {
  const one = field();
  one.put('hello world', 8);
  one.lane.input = 'world';
  one.changed();
  expect(one.input).toMatchObject({ value: 'world', selectionStart: 2, selectionEnd: 2 });
});

test('what may not be taken back is back in the field at once', () => {
  const one = field();
  one.put('said');
  one.lane.refuse = 'said';
  one.put('sai');
  expect(one.input.value).toBe('said');
  one.letGo();
  one.lane.input = '';
  one.changed();
  one.put('x');
  expect(one.typed.length).toBe(2);
});
