import { Credentials } from '@earshot/ui';
import { useState } from 'preact/hooks';
import type { AppKeyView } from '../contract.ts';
import { Badge } from '../parts/badge.tsx';
import { Glyph } from '../parts/glyph.tsx';
import { Ago } from '../parts/time.tsx';

export interface KeyCardProps {
  readonly appId: string;
  readonly value: AppKeyView;
  /** Which one it is while there are two. */
  readonly rank: 'Old' | 'New' | null;
  /** Null: it is the only one. */
  readonly onRevoke: (() => void) | null;
}

/** One key with its secret, which shows on demand only. */
export function KeyCard({ appId, value, rank, onRevoke }: KeyCardProps) {
  const [isShown, setShown] = useState(false);
  return (
    <article class="key card">
      <header class="key-head">
        {rank !== null && <Badge kind={rank === 'New' ? 'accent' : 'plain'}>{rank}</Badge>}
        <span class="key-since">
          Made <Ago at={value.createdAt} />
        </span>
        {value.lockedBy !== null ? (
          <span class="locked">
            <Glyph name="lock" />
            <span>
              Set by <code>{value.lockedBy}</code>
            </span>
          </span>
        ) : (
          onRevoke !== null && (
            <button type="button" class="button button-small button-danger-quiet" onClick={onRevoke}>
              Revoke
            </button>
          )
        )}
      </header>
      <Credentials
        app={{ id: appId, key: value.key, secret: value.secret }}
        isSecretShown={isShown}
        onToggleSecret={setShown}
      />
    </article>
  );
}
