import { beforeAll, describe, expect, it } from '@jest/globals';
import spectral from '@stoplight/spectral-core';
import rulesets from '@stoplight/spectral-rulesets';
import { openApiDocument } from './openapi-document.js';

/** Every rule of Spectral for OpenAPI, not its recommended ones alone. */
const ruleset = new spectral.Ruleset({
  extends: [[rulesets.oas, 'all']],
  rules: {
    // `url` and `identifier` exclude one another in OpenAPI 3.1 (§4.8.4), and the identifier is SPDX's.
    'license-url': 'off',
    // An installation has administrators of its own, whose address is nothing of ours.
    'contact-properties': 'off',
    // Takes the roles of other schemes for scopes of OAuth; OpenAPI 3.1 allows them (§4.8.30). Those of OAuth are held against the rights.
    'oas3-operation-security-defined': 'off',
    // In the order in which they are needed.
    'openapi-tags-alphabetical': 'off',
  },
});

describe('the description of the admin API, read by Spectral', () => {
  const linter = new spectral.Spectral();
  const findings = async (document: object) =>
    (await linter.run(document as Record<string, unknown>)).map(
      ({ code, path, message }) => `${path.join('.')}: ${message} (${code})`,
    );

  beforeAll(() => linter.setRuleset(ruleset));

  it('has nothing that it finds fault with', async () => {
    expect(await findings(openApiDocument('1'))).toEqual([]);
  });

  it('is read by rules that find fault: a parameter without a description, a status that is none, an example that breaks its schema', async () => {
    const found = await findings({
      ...openApiDocument('1'),
      paths: {
        '/v1/things/{id}': {
          get: {
            operationId: 'getThing',
            summary: 'Shows a thing.',
            description: 'Shows a thing.',
            tags: ['Flows'],
            parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }],
            responses: {
              fine: { description: 'A thing.' },
              200: {
                description: 'A thing.',
                content: { 'application/json': { schema: { type: 'string' }, example: 1 } },
              },
            },
          },
        },
      },
    });
    for (const code of ['oas3-parameter-description', 'oas3-schema', 'oas3-valid-media-example'])
      expect(found.some((finding) => finding.endsWith(`(${code})`))).toBe(true);
  });
});
