import type { Message } from '@earshot/chat/contract';
import { Avatar } from '../avatar.tsx';
import { useFixed } from '../context.ts';
import { Name } from '../person-parts.tsx';
import { formatted } from '../text.tsx';
import { lineOf } from '../words.ts';
import { useMore } from './use-more.ts';

/** Messages as they were, to be read and not answered. @param marked the one that it is about */
export function Excerpt({ messages, marked }: { messages: readonly Message[]; marked: number | null }) {
  const t = useMore();
  return (
    <ol class="excerpt">
      {messages.map((message) => (
        <li class={message.seq === marked ? 'quoted quoted-marked' : 'quoted'} key={message.seq}>
          {message.seq === marked && <span class="visually-hidden">{t('reportedMessage')}</span>}
          <div class="quoted-head">
            <Avatar person={message.author} />
            <Name person={message.author} />
            <time class="quoted-time">{t.full(message.at)}</time>
          </div>
          <div class="quoted-text" dir="auto">
            {message.text !== '' && message.system === null && message.deletedAt === null
              ? formatted(message.text, '')
              : message.attachments.length === 0 && lineOf(t, message)}
          </div>
          <Files message={message} />
        </li>
      ))}
    </ol>
  );
}

function Files({ message: { attachments } }: { message: Message }) {
  const { options } = useFixed();
  if (attachments.length === 0) return null;
  return (
    <ul class="quoted-files">
      {attachments.map(({ id, name, url }) => (
        <li key={id}>
          <a href={new URL(url, options.apiOrigin).href} target="_blank" rel="noopener noreferrer">
            <bdi>{name}</bdi>
          </a>
        </li>
      ))}
    </ul>
  );
}
