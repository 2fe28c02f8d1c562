/**
 * docs/parity.md lists what the founding systems did. Each row ends with the tests that show it here, as `path › title`, or
 * with a dash and the reason why there is none. This says which rows are wrong, and which numbers are missing.
 */

const page = 'docs/parity.md';
/** The behaviours that are the chat's; the ones between are those of the live rooms. */
const expected = [...range(1, 157), ...range(188, 200)];

/** @param files path to text */
export function parityProblems(files: ReadonlyMap<string, string>): string[] {
  const text = files.get(page);
  if (text === undefined) return [];
  const seen = new Set<number>();
  const problems: string[] = [];
  for (const line of text.split('\n')) {
    const cells = /^\| ([\d, –]+) \|/.test(line) ? line.split(' | ') : [];
    if (cells.length === 0) continue;
    const [first = '', , , ...rest] = cells;
    for (const item of itemsOf(first.replace('| ', ''))) seen.add(item);
    const shown = rest.join(' | ').replace(/ \|$/, '').trim();
    if (!shown.startsWith('– '))
      problems.push(...shown.split('<br>').flatMap((test) => wrong(first, test, files)));
  }
  const missing = expected.filter((item) => !seen.has(item));
  if (missing.length > 0) problems.push(`${page}: nothing is said of ${missing.join(', ')}`);
  return problems;
}

function wrong(row: string, test: string, files: ReadonlyMap<string, string>): string[] {
  const [path = '', title = ''] = test.split(' › ').map((part) => part.trim().replace(/^`|`$/g, ''));
  const source = files.get(path);
  if (source === undefined)
    return [`${page}: ${row.replace('| ', 'row ')} names ${path || 'no file'}, which does not exist`];
  if (title !== '' && source.includes(title)) return [];
  return [`${page}: ${row.replace('| ', 'row ')} names a test "${title}" that ${path} does not have`];
}

/** `12, 14–16` → 12, 14, 15, 16 */
function itemsOf(cell: string): number[] {
  return cell.split(',').flatMap((part) => {
    const [from = NaN, to = from] = part.split('–').map(Number);
    return range(from, to);
  });
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, index) => from + index);
}
