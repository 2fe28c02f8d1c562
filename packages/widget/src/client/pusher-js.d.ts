/** The minified file of `pusher-js/worker`, which has types for the other one only. */
declare module 'pusher-js/dist/worker/pusher.worker.min.js' {
  export * from 'pusher-js/worker';
  export { default } from 'pusher-js/worker';
}
