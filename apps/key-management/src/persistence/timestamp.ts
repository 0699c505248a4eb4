/** The column type of every time. */
export const timestamp = { type: 'timestamptz' } as const;
