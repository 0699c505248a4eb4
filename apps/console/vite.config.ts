import react from '@vitejs/plugin-react';
import { operations, parametersOf } from '@sluice/contracts';
import { allRights, rights } from '@sluice/domain';
import { defineConfig, loadEnv, type Plugin } from 'vite';

/**
 * Of each operation what a caller needs: method, path, and which of its members are in path, query and headers. The schemas stay where they are
 * checked; their types are imported as types.
 */
function callsOfTheApi(): Plugin {
  const name = 'virtual:calls';
  return {
    name: 'calls-of-the-admin-api',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load: (id) => {
      if (id !== `\0${name}`) return undefined;
      const calls = Object.fromEntries(
        operations.map(({ id: operation, method, path, query, body }) => [
          operation,
          {
            method,
            path,
            inPath: parametersOf(path),
            inQuery: Object.keys(query.shape),
            ...(body?.member === undefined ? {} : { member: body.member }),
          },
        ]),
      );
      return `export const calls = ${JSON.stringify(calls)};`;
    },
  };
}

/** The rights of administrators with what each includes: the one definition of them is the domain's, which stays out of the pages. */
function rightsOfAdministrators(): Plugin {
  const name = 'virtual:rights';
  return {
    name: 'rights-of-administrators',
    resolveId: (id) => (id === name ? `\0${name}` : undefined),
    load: (id) =>
      id === `\0${name}`
        ? `export const rights = ${JSON.stringify(rights)};\nexport const allRights = ${JSON.stringify(allRights)};`
        : undefined,
  };
}

/** In development the pages come from Vite and the calls go to a running stack: `SLUICE_ADMIN_URL`, or that of `npm start`. */
export default defineConfig(({ mode }) => ({
  plugins: [react(), callsOfTheApi(), rightsOfAdministrators()],
  build: {
    outDir: 'dist',
    target: 'es2023',
    chunkSizeWarningLimit: 2_000,
    // Each file is one that the content security policy knows: nothing is written into the page.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    host: '127.0.0.1',
    proxy: { '/v1': loadEnv(mode, import.meta.dirname, 'SLUICE_')['SLUICE_ADMIN_URL'] ?? 'http://127.0.0.1:8080' },
  },
}));
