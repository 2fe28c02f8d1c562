import type { ComponentChildren } from 'preact';
import type { Problem } from '../store/state.ts';
import { useFixed } from './context.ts';
import { useLater } from './hooks.ts';
import { Icon, type IconName } from './icons.tsx';
import { problemText } from './words.ts';

export interface IconButtonProps {
  icon: IconName;
  /** What it does, for everybody: read out, and shown as a tooltip. */
  label: string;
  onClick: (event: MouseEvent) => void;
  class?: string;
  expanded?: boolean | undefined;
  popup?: 'menu' | 'dialog';
  part?: string;
}

export function IconButton({
  icon,
  label,
  onClick,
  class: more = '',
  expanded,
  popup,
  part,
}: IconButtonProps) {
  return (
    <button
      type="button"
      class={`icon-button ${more}`}
      part={part}
      aria-label={label}
      title={label}
      aria-expanded={expanded}
      aria-haspopup={popup}
      onClick={onClick}
    >
      <Icon name={icon} />
    </button>
  );
}

/** Bars in the place of what is on its way, once it has taken a moment. */
export function Skeleton({ since, rows = 5 }: { since: number; rows?: number }) {
  const { t } = useFixed();
  if (!useLater(since, 300)) return <div class="skeleton-wait" />;
  return (
    <div class="skeleton" role="status">
      <span class="visually-hidden">{t('loading')}</span>
      {Array.from({ length: rows }, (_, row) => (
        <div class="skeleton-row" aria-hidden="true" key={row}>
          <span class="skeleton-face" />
          <span class="skeleton-lines">
            <span />
            <span />
          </span>
        </div>
      ))}
    </div>
  );
}

/** What failed, why, and what to do. */
export function Failure({ problem, onRetry }: { problem: Problem; onRetry?: () => void }) {
  const { t } = useFixed();
  return (
    <div class="empty" role="alert">
      <span class="empty-picture empty-bad">
        <Icon name="alert" />
      </span>
      <p>{problemText(t, problem)}</p>
      {onRetry && (
        <button type="button" class="button" onClick={onRetry}>
          {t('retry')}
        </button>
      )}
    </div>
  );
}

/** What will appear here, and how to make it appear. */
export function Empty({
  icon,
  title,
  children,
}: {
  icon: IconName;
  title?: string;
  children: ComponentChildren;
}) {
  return (
    <div class="empty">
      <span class="empty-picture">
        <Icon name={icon} />
      </span>
      {title !== undefined && <h2 class="empty-title">{title}</h2>}
      <p>{children}</p>
    </div>
  );
}
