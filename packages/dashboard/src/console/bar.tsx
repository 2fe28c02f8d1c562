import { FilterBox } from '../parts/filter-box.tsx';
import { type ConsoleFilter, isFiltered, noFilter } from './filter.ts';
import { KindMenu } from './kind-menu.tsx';

export interface BarProps {
  readonly filter: ConsoleFilter;
  readonly onFilter: (filter: ConsoleFilter) => void;
}

/** What is shown: kinds, channel, user and socket by the server, the text in this browser. */
export function Bar({ filter, onFilter }: BarProps) {
  return (
    <search class="console-bar">
      <KindMenu kinds={filter.kinds} onKinds={(kinds) => onFilter({ ...filter, kinds })} />
      <FilterBox
        label="Channel prefix"
        value={filter.channel}
        onValue={(channel) => onFilter({ ...filter, channel })}
      />
      <FilterBox label="User" value={filter.user} onValue={(user) => onFilter({ ...filter, user })} />
      <FilterBox
        label="Socket id"
        value={filter.socket}
        onValue={(socket) => onFilter({ ...filter, socket })}
      />
      <FilterBox label="Search" value={filter.text} onValue={(text) => onFilter({ ...filter, text })} local />
      {isFiltered(filter) && (
        <button type="button" class="button button-plain" onClick={() => onFilter(noFilter)}>
          Clear filters
        </button>
      )}
    </search>
  );
}
