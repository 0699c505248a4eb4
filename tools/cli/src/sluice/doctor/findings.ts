/** What an examination came to: each thing that was looked at, how it is, and what to do. */
export interface Finding {
  readonly what: string;
  /** `unknown`: it could not be looked at, because of something before it. */
  readonly state: 'good' | 'warning' | 'bad' | 'unknown';
  readonly explanation: string;
}

export const good = (what: string, explanation: string): Finding => ({ what, state: 'good', explanation });
export const warning = (what: string, explanation: string): Finding => ({ what, state: 'warning', explanation });
export const bad = (what: string, explanation: string): Finding => ({ what, state: 'bad', explanation });
export const unknown = (what: string, explanation: string): Finding => ({ what, state: 'unknown', explanation });
