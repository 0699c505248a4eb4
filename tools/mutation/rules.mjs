/**
 * The rules that must never be wrong. `npm run mutation` changes the sources of each in every small way that Stryker knows, and
 * runs the specs that are named here against each change. The specs are fast ones: they need no server.
 */
const decisions = (file) => `apps/flow-runtime/src/decisions/${file}`;
const serviceKeys = (file) => `apps/key-management/src/service-keys/${file}`;
const paths = (file) => `libs/pki/src/path/${file}`;

export const rules = [
  {
    name: 'decisions',
    about: 'who may call, and how long an answer is kept',
    mutate: [
      'decide-call.ts',
      'permit-cache.ts',
      'refusal-cache.ts',
      'grounds.ts',
      'grounded-answers.ts',
      'open-questions.ts',
      'ask-ahead.ts',
    ].map(decisions),
    specs: [
      'decide-call.spec.ts',
      'decide-call-answers.spec.ts',
      'permit-cache.spec.ts',
      'permit-cache-model.spec.ts',
      'refusal-cache.spec.ts',
      'grounds.spec.ts',
      'grounded-answers.spec.ts',
      'open-questions.spec.ts',
      'ask-ahead.spec.ts',
    ].map(decisions),
  },
  {
    name: 'paths',
    about: 'whether a path leads from a trust anchor to a certificate (RFC 5280 section 6)',
    mutate: ['judge-path.ts', 'path-state.ts', 'check-certificate.ts', 'policy-graph.ts'].map(paths),
    specs: [
      'judge-path.spec.ts',
      'judge-path-search.spec.ts',
      'path-state.spec.ts',
      'policy-graph.spec.ts',
      'policies.spec.ts',
      'judge-admission.spec.ts',
    ].map(paths),
  },
  {
    name: 'retirement',
    about: 'when a certificate ends that has a successor, and that none is left without one',
    mutate: [
      ...['retirement.ts', 'scheduled-end.ts'].map(serviceKeys),
      'libs/domain/src/certificate/plan-retirements.ts',
    ],
    specs: [
      ...['retirement.spec.ts', 'scheduled-end.spec.ts'].map(serviceKeys),
      'libs/domain/src/certificate/plan-retirements.spec.ts',
    ],
  },
  {
    name: 'relay',
    about: 'which rows of the outbox are published in which order, and what a failure holds back',
    mutate: ['libs/persistence/src/publish-batch.ts'],
    specs: ['libs/persistence/src/publish-batch.spec.ts'],
  },
];
