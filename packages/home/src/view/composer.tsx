import { useState } from 'preact/hooks';
import type { Session } from '../contract.ts';
import type { LiveState } from '../live.ts';

export interface ComposerProps {
  state: LiveState;
  app: Session['app'];
  say: (text: string) => boolean;
}

/** The box to say something that every window shows at once. */
export function Composer({ state, app, say }: ComposerProps) {
  const [text, setText] = useState('');
  const ready = state.me !== null && state.people !== null;

  if (!app.clientEvents) {
    return (
      <p class="hint">
        This app takes no client events (EARSHOT_APP_CLIENT_EVENTS=false), so windows cannot talk to each
        other. What is published still shows.
      </p>
    );
  }

  const send = (event: Event) => {
    event.preventDefault();
    const line = text.trim();
    if (line !== '' && say(line)) setText('');
  };

  return (
    <form class="composer" onSubmit={send}>
      <label class="visually-hidden" for="say">
        Say something to every window
      </label>
      <input
        id="say"
        class="field"
        type="text"
        dir="auto"
        autocomplete="off"
        maxLength={500}
        placeholder="Say something"
        value={text}
        aria-describedby="say-state"
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <button type="submit" class="button button-primary" aria-disabled={!ready || text.trim() === ''}>
        Send
      </button>
      <p id="say-state" class="composer-state" role="status">
        {state.trouble ??
          (ready || state.phase === 'connecting'
            ? ''
            : 'Lines can be sent again once the page is connected.')}
      </p>
    </form>
  );
}
