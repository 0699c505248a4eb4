export const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;

/** `none` reads; `share` keeps others from changing the row until the transaction ends; `update` is for who changes it. */
export type RowLock = 'none' | 'share' | 'update';

export const lockMode = {
  none: undefined,
  share: { mode: 'pessimistic_read' },
  update: { mode: 'pessimistic_write' },
} as const;
