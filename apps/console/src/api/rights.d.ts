/** Made at the build of the rights that the domain defines (`vite.config.ts`). */
declare module 'virtual:rights' {
  export interface DescribedRight {
    readonly description: string;
    readonly includes: readonly string[];
  }
  export const rights: Readonly<Record<string, DescribedRight>>;
  /** The one that has all others. */
  export const allRights: string;
}
