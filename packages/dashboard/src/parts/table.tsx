import type { ComponentChildren } from 'preact';
import { useId, useMemo, useState } from 'preact/hooks';
import { counted } from './format.ts';
import { Glyph } from './glyph.tsx';

export interface Column<Row> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What it sorts by; without it, the column does not sort. */
  readonly sort?: (row: Row) => string | number;
  /** Numbers stand at the end of their column. */
  readonly numeric?: boolean;
  /** The title is for screen readers only: a column of buttons. */
  readonly quiet?: boolean;
  /** The column that names the row. */
  readonly isHead?: boolean;
}

export interface TableProps<Row> {
  /** Names the table for assistive technology. */
  readonly label: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  readonly rowKey: (row: Row) => string;
  /**
   * Filters as one types: what of a row is searched. Left out, there is no field. Rows that the server filters have
   * `filterValue` and `onFilter` instead.
   */
  readonly textOf?: (row: Row) => string;
  readonly filterLabel?: string;
  readonly filterValue?: string;
  readonly onFilter?: (value: string) => void;
  /** Beside the filter: counts, choices, buttons. */
  readonly tools?: ComponentChildren;
  /** Shown when there are no rows at all. */
  readonly empty: ComponentChildren;
  readonly rowClass?: (row: Row) => string;
}

interface Sorting {
  readonly column: string;
  readonly down: boolean;
}

/**
 * A table with a head that stays in view, that sorts by its heads and filters as one types. On a narrow screen each row
 * stands as a block, its values labelled by their column.
 */
export function Table<Row>(props: TableProps<Row>) {
  const {
    label,
    columns,
    rows,
    rowKey,
    textOf,
    filterLabel = 'Filter',
    filterValue,
    onFilter,
    tools,
  } = props;
  const { empty, rowClass } = props;
  const [typed, setTyped] = useState('');
  const [sorting, setSorting] = useState<Sorting | null>(null);
  const filterId = useId();
  const filter = filterValue ?? typed;

  const shown = useMemo(() => {
    const found = textOf === undefined ? rows : rows.filter(matching(filter, textOf));
    const sort = columns.find((column) => column.id === sorting?.column)?.sort;
    if (sort === undefined) return found;
    const sign = sorting?.down ? -1 : 1;
    return found.toSorted((a, b) => sign * compare(sort(a), sort(b)));
  }, [rows, columns, textOf, filter, sorting]);

  const hasFilter = onFilter !== undefined || (textOf !== undefined && (rows.length > 5 || filter !== ''));
  const sortBy = (column: string) =>
    setSorting((before) =>
      before?.column !== column ? { column, down: false } : before.down ? null : { column, down: true },
    );

  return (
    <div class="table-part">
      {(hasFilter || tools !== undefined) && (
        <div class="table-tools">
          {hasFilter && (
            <div class="filter">
              <label for={filterId} class="visually-hidden">
                {filterLabel}
              </label>
              <Glyph name="search" />
              <input
                id={filterId}
                class="field"
                type="search"
                placeholder={filterLabel}
                value={filter}
                autocomplete="off"
                spellcheck={false}
                onInput={(event) => (onFilter ?? setTyped)(event.currentTarget.value)}
              />
            </div>
          )}
          {tools}
          {textOf !== undefined && filter !== '' && (
            <p class="table-count" role="status">
              {shown.length} of {counted(rows.length, 'row')}
            </p>
          )}
        </div>
      )}
      {rows.length === 0 ? (
        empty
      ) : shown.length === 0 ? (
        <p class="table-none">Nothing here matches “{filter}”.</p>
      ) : (
        <table class="table" aria-label={label}>
          <thead>
            <tr>
              {columns.map((column) => (
                <th
                  key={column.id}
                  scope="col"
                  class={column.numeric ? 'numeric' : undefined}
                  aria-sort={
                    sorting?.column === column.id ? (sorting.down ? 'descending' : 'ascending') : undefined
                  }
                >
                  {column.quiet ? (
                    <span class="visually-hidden">{column.title}</span>
                  ) : column.sort === undefined ? (
                    column.title
                  ) : (
                    <button type="button" class="table-sort" onClick={() => sortBy(column.id)}>
                      {column.title}
                      <Glyph name={sorting?.column === column.id && sorting.down ? 'down' : 'up'} />
                    </button>
                  )}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {shown.map((row) => (
              <tr key={rowKey(row)} class={rowClass?.(row)}>
                {columns.map((column) => {
                  const Cell = column.isHead ? 'th' : 'td';
                  return (
                    <Cell
                      key={column.id}
                      scope={column.isHead ? 'row' : undefined}
                      class={column.numeric ? 'numeric' : undefined}
                      data-label={column.quiet ? undefined : column.title}
                    >
                      {column.cell(row)}
                    </Cell>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </div>
  );
}

const collator = new Intl.Collator(undefined, { numeric: true });

function compare(a: string | number, b: string | number): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : collator.compare(`${a}`, `${b}`);
}

/** Every word that was typed is somewhere in the row. */
function matching<Row>(filter: string, textOf: (row: Row) => string): (row: Row) => boolean {
  const words = filter.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return (row) => {
    const text = textOf(row).toLocaleLowerCase();
    return words.every((word) => text.includes(word));
  };
}
