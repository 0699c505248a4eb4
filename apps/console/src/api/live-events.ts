import type { CloudEvent } from '@sluice/contracts';
import type { QueryClient } from '@tanstack/react-query';
import { useSyncExternalStore } from 'react';
import { sessionQuery } from './session.ts';

/** Events that are kept to be shown. */
const kept = 500;
const earlier = 200;
/** One event can come with many others: what is on the screen is asked again this seldom, in milliseconds. */
const refreshEveryMs = 500;
/** Before the stream is opened again where the browser does not do it by itself. */
const reopenMs = 5_000;

export interface LiveState {
  /** Whether what happens is heard of now. */
  readonly live: boolean;
  /** Newest first. */
  readonly events: readonly CloudEvent[];
}

/** The one stream of events of this page: it keeps the newest, and has what is on the screen asked again when something happens. */
class LiveEvents {
  #state: LiveState = { live: false, events: [] };
  readonly #listeners = new Set<() => void>();
  #source: EventSource | undefined;
  #reopening: number | undefined;
  #refreshing: number | undefined;
  #queries: QueryClient | undefined;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };
  readonly state = (): LiveState => this.#state;

  /** Begins to listen. @returns what ends it */
  open(queries: QueryClient): () => void {
    this.#queries = queries;
    this.#connect();
    return () => {
      window.clearTimeout(this.#reopening);
      window.clearTimeout(this.#refreshing);
      this.#source?.close();
      this.#source = undefined;
      this.#set({ live: false, events: [] });
    };
  }

  #connect(): void {
    const source = new EventSource(`/v1/events?earlier=${earlier}`);
    const opened = Date.now();
    this.#source = source;
    source.onopen = () => this.#set({ live: true });
    source.onmessage = ({ data }: MessageEvent<string>) => {
      const event = JSON.parse(data) as CloudEvent;
      const { events } = this.#state;
      if (events.some(({ id, source: from }) => id === event.id && from === event.source)) return;
      this.#set({ events: [event, ...events].slice(0, kept) });
      if (Date.parse(event.time) >= opened - reopenMs) this.#refresh();
    };
    // What came in between cannot be known: everything may be another.
    source.addEventListener('begin-anew', () => {
      this.#set({ events: [] });
      this.#refresh();
    });
    source.onerror = () => {
      this.#set({ live: false });
      if (source.readyState !== EventSource.CLOSED) return;
      // Refused. Why is told by the session, if that has ended.
      void this.#queries?.invalidateQueries({ queryKey: sessionQuery.queryKey });
      this.#reopening = window.setTimeout(() => {
        if (this.#source !== source) return;
        this.#connect();
        this.#refresh();
      }, reopenMs);
    };
  }

  /** An event may concern anything that is on the screen; what is not is asked when it is looked at. */
  #refresh(): void {
    this.#refreshing ??= window.setTimeout(() => {
      this.#refreshing = undefined;
      void this.#queries?.invalidateQueries({ predicate: ({ queryKey }) => queryKey[0] !== sessionQuery.queryKey[0] });
    }, refreshEveryMs);
  }

  #set(change: Partial<LiveState>): void {
    this.#state = { ...this.#state, ...change };
    for (const listener of this.#listeners) listener();
  }
}

export const liveEvents = new LiveEvents();

export function useLiveEvents(): LiveState {
  return useSyncExternalStore(liveEvents.subscribe, liveEvents.state);
}
