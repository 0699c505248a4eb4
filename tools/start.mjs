/** `npm start`: builds what is stale, then runs the local stack in this very process, so that signals reach it. */
await import('./build-if-stale.mjs');
await import('./local-stack/dist/main.js');
