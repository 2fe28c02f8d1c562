import { Empty } from '../parts/empty.tsx';
import { DeskLink } from './link.tsx';

/** An address that leads nowhere. */
export function Nowhere({ what = 'There is no such page.' }: { what?: string }) {
  return (
    <Empty title={what} level={1}>
      <p>Perhaps the address is from an earlier version, or it was deleted.</p>
      <DeskLink class="button" to="/">
        All apps
      </DeskLink>
    </Empty>
  );
}
