import { describe, expect, it } from '@jest/globals';
import { defaultInstanceParameters, plans } from './service-instance.js';

describe('what a service instance gets when nothing is asked for', () => {
  it('is by its plan the one role that the plan is for, and how long its tokens are valid', () => {
    const given = plans.map((plan) => defaultInstanceParameters(plan));
    expect(given.map(({ roles }) => roles)).toEqual([['ESBMessaging.send'], ['API.invoke']]);
    expect(given.map((parameters) => parameters['token-validity'])).toEqual([3_600, 43_200]);
  });

  it('is nothing by which a person could log in', () => {
    for (const plan of plans)
      expect(defaultInstanceParameters(plan)).toMatchObject({
        'grant-types': ['client_credentials'],
        'redirect-uris': [],
      });
  });
});
