import tseslint from 'typescript-eslint';

/**
 * The two rules that need types: a promise nobody waits for has somewhere for its rejection to go, and none is given to who
 * does not look at it. Apart from `eslint.config.mjs`, because one program of all sources is a third of the work of one for
 * each package. `void` is for what cannot reject; what can, goes with `.catch(…)`.
 */
export default tseslint.config(
  { ignores: ['**/dist/**', '**/node_modules/**', '.nx/**', '.sluice*/**', 'apps/console/vite.config.ts'] },
  {
    files: ['**/*.ts', '**/*.tsx'],
    plugins: { '@typescript-eslint': tseslint.plugin },
    linterOptions: { reportUnusedDisableDirectives: 'off' },
    languageOptions: {
      parser: tseslint.parser,
      parserOptions: {
        project: ['./tsconfig.spec.json', './apps/console/tsconfig.json'],
        tsconfigRootDir: import.meta.dirname,
      },
    },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
    },
  },
);
