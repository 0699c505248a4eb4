import { describe, expect, it } from '@jest/globals';
import { examineFlows } from './check-flow.js';

const examine = (step: string) => {
  const text = `name: a\nsender: {adapter: HTTPS, address: /a}\nsteps:\n  - ${step}\n`;
  const [flow] = examineFlows({
    name: 'a',
    mediaType: 'application/yaml',
    content: new TextEncoder().encode(text),
  }).flows;
  return { paths: flow?.check.warnings.map(({ path }) => path), deployable: flow?.definition !== null };
};

describe('a receiver that no message could be sent to', () => {
  it.each([
    ['address', 'requestReply: {adapter: HTTP, address: "not a url"}'],
    ['address', 'requestReply: {adapter: HTTP, address: "ftp://host/"}'],
    ['address', 'requestReply: {adapter: HTTP, address: "http://host:99999/"}'],
    ['address', 'requestReply: {adapter: HTTP, address: "https://user:secret@host/"}'],
    ['address', 'requestReply: {adapter: SOAP, address: "zzz"}'],
    ['method', 'requestReply: {adapter: HTTP, address: "https://host/", method: "GE T"}'],
  ])('is warned of when the flow is deployed, by its %s', (field, step) => {
    const { paths, deployable } = examine(step);
    expect(paths).toEqual([expect.stringMatching(new RegExp(`\\.${field}$`))]);
    expect(deployable).toBe(true);
  });

  it.each([
    'requestReply: {adapter: HTTP, address: "https://host/${header.a}", method: "${header.m}"}',
    'requestReply: {adapter: HTTP, address: "${property.address}"}',
    'requestReply: {adapter: HTTP, address: "http://host:8080/a?b=c", method: post}',
  ])('is not one whose address is known at a message only, or is good: %s', (step) => {
    expect(examine(step)).toEqual({ paths: [], deployable: true });
  });
});
