import { describe, expect, it } from '@jest/globals';
import { allRights, apiRole, isRight, rightNames, rights, rightsBeyond, rightsOf } from './right.js';
import { predefinedRoles, roleNamePattern } from './user-role.js';

describe('the rights of administrators', () => {
  it('are predefined user roles, beside the one that lets service keys in and is none', () => {
    for (const right of rightNames) {
      expect(right).toMatch(roleNamePattern);
      expect(predefinedRoles.get(right)).toBe(rights[right].description);
    }
    expect([isRight(apiRole), isRight('ESBMessaging.send'), isRight('toString')]).toEqual([false, false, false]);
    expect(rightsOf([apiRole, 'Orders.send', 'constructor'])).toEqual(new Set());
  });

  it('include only what is a right and includes nothing itself, so that one step finds all', () => {
    for (const right of rightNames)
      for (const included of rights[right].includes) {
        expect(isRight(included)).toBe(true);
        expect(rights[included as typeof right].includes).toEqual([]);
      }
  });

  it('let who may change a thing see it, and who may see everything change nothing', () => {
    for (const right of rightNames.filter((name) => name.endsWith('.manage') || name.endsWith('.deploy')))
      expect(rightsOf([right])).toContain(right.replace(/\.\w+$/, '.read'));
    expect([...rightsOf(['Monitoring.read', 'Audit.read'])].filter((right) => !right.endsWith('.read'))).toEqual([]);
  });

  it('are all had by the one that has all, which the sum of the others is not', () => {
    expect(rightsOf([allRights])).toEqual(new Set(rightNames));
    expect(rightsBeyond(rightNames, [allRights])).toEqual([]);
    const others = rightNames.filter((right) => right !== allRights);
    expect(rightsBeyond([allRights], others)).toEqual([allRights]);
  });

  it('may be given as far as they are had, included ones too, and other roles by anybody', () => {
    expect(rightsBeyond(['Keys.read', 'Keys.manage', 'Orders.send', apiRole], ['Keys.manage'])).toEqual([]);
    expect(rightsBeyond(['Keys.manage', 'Audit.read'], ['Keys.read'])).toEqual(['Keys.manage', 'Audit.read']);
    expect(rightsBeyond(['Keys.read'], [])).toEqual(['Keys.read']);
  });
});
