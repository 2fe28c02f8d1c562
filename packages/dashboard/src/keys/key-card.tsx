import { CopyButton } from '@earshot/ui';
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import type { AppKeyView } from '../contract.ts';
import { Badge } from '../parts/badge.tsx';
import { Glyph } from '../parts/glyph.tsx';
import { Ago } from '../parts/time.tsx';
import { dots } from './secret.ts';

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
      <dl class="credentials">
        <Credential name="App id" value={appId} />
        <Credential name="Key" value={value.key} />
        <Credential name="Secret" value={value.secret} isShown={isShown}>
          <button type="button" class="button button-plain" onClick={() => setShown(!isShown)}>
            {isShown ? 'Hide' : 'Show'}
            <span class="visually-hidden"> secret</span>
          </button>
        </Credential>
      </dl>
    </article>
  );
}

interface CredentialProps {
  readonly name: string;
  readonly value: string;
  readonly isShown?: boolean;
  readonly children?: ComponentChildren;
}

function Credential({ name, value, isShown = true, children }: CredentialProps) {
  return (
    <div class="credential">
      <dt>{name}</dt>
      <dd>
        {isShown ? (
          <code>{value}</code>
        ) : (
          <>
            <code aria-hidden="true">{dots}</code>
            <span class="visually-hidden">hidden</span>
          </>
        )}
      </dd>
      <dd class="credential-actions">
        {children}
        <CopyButton text={value} what={name.toLowerCase()} />
      </dd>
    </div>
  );
}
