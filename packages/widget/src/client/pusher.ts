/** Stock pusher-js, in a file of its own. The build for workers: no global, nothing stored, no script of others ever loaded. */
export {
  type Channel,
  default as Pusher,
  type Members as PusherMembers,
} from 'pusher-js/dist/worker/pusher.worker.min.js';
