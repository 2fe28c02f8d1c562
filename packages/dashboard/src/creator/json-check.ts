/** What a text is to the clients that get it: JSON that they parse, or text as it stands. */
export type JsonCheck =
  | { readonly is: 'empty' }
  | { readonly is: 'json'; readonly value: unknown }
  /** Does not look as if it were meant as JSON. */
  | { readonly is: 'text' }
  /** Begins as JSON does, and is none. Lines and columns are counted from one, the offset from zero. */
  | {
      readonly is: 'broken';
      readonly problem: string;
      readonly offset: number;
      readonly line: number;
      readonly column: number;
    };

/** Looks at what somebody has typed. Engines word their errors differently and not all say where, hence `findProblem`. */
export function checkJson(text: string): JsonCheck {
  if (text.trim() === '') return { is: 'empty' };
  try {
    return { is: 'json', value: JSON.parse(text) };
  } catch {
    if (!/^\s*[[{"]/.test(text)) return { is: 'text' };
    const { problem, offset } = findProblem(text);
    const before = text.slice(0, offset).split('\n');
    return {
      is: 'broken',
      problem,
      offset,
      line: before.length,
      column: [...(before.at(-1) ?? '')].length + 1,
    };
  }
}

/** The same value with an indent of two; null when it is no JSON. */
export function formatJson(text: string): string | null {
  const found = checkJson(text);
  return found.is === 'json' ? JSON.stringify(found.value, null, 2) : null;
}

interface Problem {
  readonly problem: string;
  readonly offset: number;
}

const blank = /[ \t\n\r]*/y;
const literal = /(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?)/y;
const word = /[^\s,:[\]{}"]+/y;

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'comma' | 'end';

/** Where a text that is no JSON stops being some. Without recursion: what is pasted may be nested however deep. */
function findProblem(text: string): Problem {
  const open: ('[' | '{')[] = [];
  let expected: Expected = 'value';
  let at = 0;
  const take = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0] ?? '';
  };
  const afterValue = (): Expected => (open.length === 0 ? 'end' : 'comma');

  for (;;) {
    at += take(blank).length;
    const character = text[at];
    const here = (problem: string): Problem => ({ problem, offset: at });
    if (character === undefined)
      return here(`The text ends, ${inWords(expected, open.at(-1))} was expected.`);
    const wrong = () => here(`Found ${shown(character)}, ${inWords(expected, open.at(-1))} was expected.`);

    if (expected === 'end') return here('Something follows after the end of the value.');
    if (expected === 'colon') {
      if (character !== ':') return wrong();
      at++;
      expected = 'value';
    } else if (expected === 'comma') {
      if (character === ',') {
        at++;
        expected = open.at(-1) === '{' ? 'key' : 'value';
      } else if (character === (open.at(-1) === '{' ? '}' : ']')) {
        at++;
        open.pop();
        expected = afterValue();
      } else return wrong();
    } else if (expected === 'key' || expected === 'key or }') {
      if (character === '}' && expected === 'key or }') {
        at++;
        open.pop();
        expected = afterValue();
      } else if (character === '}') {
        return here('A comma stands before }, where nothing follows it.');
      } else if (character === "'") {
        return here('Names and texts stand in double quotes in JSON.');
      } else if (character !== '"') {
        return /[\w$]/.test(character) ? here('A name stands in double quotes in JSON.') : wrong();
      } else {
        const end = endOfString(text, at);
        if (typeof end !== 'number') return end;
        at = end;
        expected = 'colon';
      }
    } else if (character === ']' && expected === 'value or ]') {
      at++;
      open.pop();
      expected = afterValue();
    } else if (character === ']' && open.at(-1) === '[') {
      return here('A comma stands before ], where nothing follows it.');
    } else if (character === '[' || character === '{') {
      at++;
      open.push(character);
      expected = character === '[' ? 'value or ]' : 'key or }';
    } else if (character === '"') {
      const end = endOfString(text, at);
      if (typeof end !== 'number') return end;
      at = end;
      expected = afterValue();
    } else if (character === "'") {
      return here('Names and texts stand in double quotes in JSON.');
    } else {
      const found = take(word);
      if (found === '') return wrong();
      if (take(literal) !== found) {
        return here(`Found ${shown(found)}, which is no value. A text stands in double quotes.`);
      }
      at += found.length;
      expected = afterValue();
    }
  }
}

/** Where a text that begins at `start` ends, or why it does not. */
function endOfString(text: string, start: number): number | Problem {
  for (let at = start + 1; at < text.length; at++) {
    const character = text[at] as string;
    if (character === '"') return at + 1;
    if (character < ' ') {
      const problem =
        character === '\n'
          ? 'A text goes over the end of the line. Write a line break as \\n, or close the quotes.'
          : 'A control character stands in a text. Write it as \\t or \\u….';
      return { problem, offset: at };
    }
    if (character !== '\\') continue;
    at++;
    const escaped = text[at];
    if (escaped === 'u' && /^[\da-fA-F]{4}$/.test(text.slice(at + 1, at + 5))) at += 4;
    else if (escaped === undefined || !'"\\/bfnrt'.includes(escaped)) {
      return {
        problem: `\\${escaped ?? ''} means nothing in JSON. Write \\\\ for a backslash.`,
        offset: at - 1,
      };
    }
  }
  return { problem: 'A text is never closed: " is missing.', offset: start };
}

function inWords(expected: Expected, within: '[' | '{' | undefined): string {
  switch (expected) {
    case 'value':
      return 'a value';
    case 'value or ]':
      return 'a value or ]';
    case 'key':
      return 'a name in double quotes';
    case 'key or }':
      return 'a name in double quotes or }';
    case 'colon':
      return 'a colon';
    case 'comma':
      return within === '{' ? 'a comma or }' : 'a comma or ]';
    case 'end':
      return 'nothing more';
  }
}

function shown(found: string): string {
  return found.length > 20 ? `${found.slice(0, 20)}…` : found;
}
