import type { ComponentChildren } from 'preact';
import type { ChannelRow } from '../contract.ts';
import { Badge } from '../parts/badge.tsx';
import { Glyph } from '../parts/glyph.tsx';
import { DeskLink } from '../shell/link.tsx';

const kindWords = {
  public: 'Public',
  private: 'Private',
  presence: 'Presence',
  encrypted: 'Encrypted',
} as const;

/** What a channel is, in a word or two. */
export function ChannelKind({ channel }: { channel: Pick<ChannelRow, 'kind' | 'isCache'> }) {
  return (
    <span class="inspector-kinds">
      <Badge kind={channel.kind === 'public' ? 'plain' : 'accent'}>{kindWords[channel.kind]}</Badge>
      {channel.isCache && <Badge>Cache</Badge>}
    </span>
  );
}

/** The head of one channel's or one connection's page: the way back, its name, what one can do. */
export function DetailHead(props: {
  back: string;
  backWord: string;
  name: string;
  about?: ComponentChildren;
  children?: ComponentChildren;
}) {
  const { back, backWord, name, about, children } = props;
  return (
    <header>
      <DeskLink class="detail-back" to={back}>
        <Glyph name="next" />
        {backWord}
      </DeskLink>
      <div class="detail-head">
        <div class="detail-title">
          <h2>
            <code>{name}</code>
          </h2>
          {about}
        </div>
        {children !== undefined && <div class="detail-acts">{children}</div>}
      </div>
    </header>
  );
}

/** One of a list of facts. */
export function Fact({ name, children }: { name: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

/** Says so when some node did not answer, so that what is shown is not all there is. */
export function NodesNote({ nodes }: { nodes: { readonly answered: number; readonly known: number } }) {
  if (nodes.answered >= nodes.known) return null;
  return (
    <p class="strip inspector-nodes" role="status">
      {nodes.answered} of {nodes.known} nodes answered. What the others hold is not in this list.
    </p>
  );
}
