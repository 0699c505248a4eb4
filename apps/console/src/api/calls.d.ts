/** Made at the build of the definitions of the admin API (`vite.config.ts`). */
declare module 'virtual:calls' {
  export interface Call {
    readonly method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
    readonly path: string;
    readonly inPath: readonly string[];
    readonly inQuery: readonly string[];
    /** The member of the input that is the body by itself. */
    readonly member?: string;
  }
  export const calls: Readonly<Record<string, Call>>;
}
