import { onAddressChange, pageAddress } from './address.ts';
import type { Connect, ToFrame, ToPage } from './frame-messages.ts';
import { sheetOf } from './host.ts';
import type { EmbedOptions } from './options.ts';
import type { Panel, PanelCommand, PanelHost } from './panel-contract.ts';
import { type HostUser, hostUser } from './user.ts';

const frameStyle = `
iframe{position:fixed;inset-block-end:calc(88px + env(safe-area-inset-bottom));inset-inline-end:20px;inline-size:400px;block-size:min(640px,100dvh - 108px);border:0;border-radius:14px;background:#0000;box-shadow:0 1px 2px #1a18161a,0 12px 40px -12px #1a181666;color-scheme:light dark}
iframe[data-position=start]{inset-inline:20px auto}
iframe[hidden]{display:none}
@media(max-width:40rem),(max-height:30rem){iframe{inset:0;inline-size:100%;block-size:100%;border-radius:0}}
`;

const patienceMs = 15_000;

/**
 * `mode: 'iframe'`: the chat in a frame of our own origin. The page's scripts and shortcuts reach nothing in it; what goes
 * between is `frame-messages.ts`.
 */
export async function start({ root, options, tell }: PanelHost): Promise<Panel> {
  const origin = new URL(options.server).origin;
  let user = hostUser(options.user);
  root.adoptedStyleSheets = [...root.adoptedStyleSheets, sheetOf(frameStyle)];

  const frame = document.createElement('iframe');
  frame.title = 'Chat';
  frame.hidden = true;
  frame.dataset.position = options.position;
  frame.allow = 'clipboard-write; autoplay';
  frame.src = `${options.server}/chat/frame?app=${encodeURIComponent(options.app)}`;

  let port: MessagePort | null = null;
  const say = (message: ToFrame) => port?.postMessage(message);
  const hear = async (message: ToPage, ready: () => void) => {
    switch (message.type) {
      case 'ready':
        ready();
        break;
      case 'told':
        if (message.told.type === 'open') {
          frame.hidden = !message.told.value;
          if (message.told.value) frame.focus();
        }
        tell(message.told);
        break;
      case 'token':
        say({ type: 'token', id: message.id, ...(await tokenOf(user)) });
        break;
    }
  };

  const connected = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`${frame.src} does not answer`)), patienceMs);
    // Again where the page moves its body, which loads the frame anew.
    frame.addEventListener('load', () => {
      const channel = new MessageChannel();
      port?.close();
      port = channel.port1;
      port.onmessage = ({ data }) =>
        void hear(data as ToPage, () => {
          clearTimeout(timer);
          resolve();
        });
      frame.contentWindow?.postMessage(connect(options, user), origin, [channel.port2]);
    });
  });
  root.append(frame);
  try {
    await connected;
  } catch (error) {
    frame.remove();
    throw error;
  }
  const stopHearing = onAddressChange((address) => say({ type: 'address', address }));

  return {
    run(command: PanelCommand) {
      if (command.name === 'user') {
        user = hostUser(command.value);
        say({ type: 'user', hasUser: user !== null });
      } else say({ type: 'run', command });
    },
    stop() {
      stopHearing();
      port?.close();
      frame.remove();
    },
  };
}

function connect({ user: _, ...options }: EmbedOptions, user: HostUser | null): Connect {
  return { type: 'earshot:connect', options: { ...options, hasUser: user !== null }, address: pageAddress() };
}

async function tokenOf(user: HostUser | null): Promise<{ token: string | null; failed: boolean }> {
  try {
    return { token: typeof user === 'function' ? await user() : user, failed: false };
  } catch (error) {
    console.error('Earshot: the page gave no token for its user.', error);
    return { token: null, failed: true };
  }
}
