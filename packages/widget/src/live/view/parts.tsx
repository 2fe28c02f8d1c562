import type { ComponentChildren } from 'preact';
import { LiveIcon, type LiveIconName } from './icons.tsx';

export interface ControlProps {
  icon: LiveIconName;
  /** Its name; on narrow screens only the picture is seen. */
  label: string;
  title?: string;
  pressed?: boolean;
  onClick: () => void;
  /** What stands in the place of the label. */
  children?: ComponentChildren;
}

/** A button at the edge of the page: it steps back behind what is said. */
export function Control({ icon, label, title = label, pressed, onClick, children }: ControlProps) {
  return (
    <button type="button" class="control" title={title} aria-pressed={pressed} onClick={onClick}>
      <LiveIcon name={icon} />
      <span class="control-word">{children ?? label}</span>
    </button>
  );
}
