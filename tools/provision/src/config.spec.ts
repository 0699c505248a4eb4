import { describe, expect, it } from '@jest/globals';
import { readProvisionConfig, readTrustedRootsConfig } from './config.js';

describe('readProvisionConfig', () => {
  it('puts a host name or an address among the names of the load balancer', () => {
    expect(readProvisionConfig({ SLUICE_FLOW_HOST: 'Flows.Example' }).loadBalancer.dnsNames).toContain('flows.example');
    expect(readProvisionConfig({ SLUICE_FLOW_HOST: '192.0.2.7' }).loadBalancer).toEqual({
      dnsNames: ['localhost', 'load-balancer'],
      ipAddresses: ['127.0.0.1', '::1', '192.0.2.7'],
    });
  });

  it('calls NATS by the names of the host, as subscribers do', () => {
    const { busNames } = readProvisionConfig({
      SLUICE_FLOW_HOST: 'a.example',
      SLUICE_SERVER_NAMES: 'b.example,192.0.2.7',
    });
    expect(busNames.dnsNames.slice().sort()).toEqual(['a.example', 'b.example', 'localhost']);
    expect(busNames.ipAddresses).toContain('192.0.2.7');
  });

  it.each([
    [{ SLUICE_FLOW_HOST: 'https://flows.example' }, /^SLUICE_FLOW_HOST must be/],
    [{ POSTGRES_ADDRESS: 'postgres' }, /^POSTGRES_ADDRESS must be/],
    [{ POSTGRES_ADDRESS: 'h1:5432,h2' }, /^POSTGRES_ADDRESS must be/],
    [{ SLUICE_SERVERS: '2' }, /^SLUICE_SERVERS must be/],
  ])('names what is wrong in one sentence: %o', (environment, sentence) => {
    expect(() => readProvisionConfig(environment)).toThrow(sentence);
  });
});

describe('readTrustedRootsConfig', () => {
  const environment = {
    ADMIN_URL: 'https://admin-api:8080/',
    ADMIN_CA_FILE: '/run/sluice/server-root.pem',
    ADMIN_TOKEN_FILE: '/run/sluice/admin-token',
    TRUST_LIST_FOLDER: '/run/trust-list',
  };

  it('takes the list of HAProxy for the one in the folder', () => {
    expect(readTrustedRootsConfig(environment)).toMatchObject({
      adminUrl: 'https://admin-api:8080',
      trustListFile: '/run/trust-list/trusted-roots.pem',
      haproxyCaFile: '/run/trust-list/trusted-roots.pem',
      intervalMs: 1_000,
    });
  });

  it.each([
    [{ ...environment, ADMIN_URL: undefined }, 'ADMIN_URL is not set'],
    [{ ...environment, INTERVAL_MS: '5' }, 'INTERVAL_MS must be a whole number from 100 to 600000'],
  ])('names what is wrong in one sentence', (wrong, sentence) => {
    expect(() => readTrustedRootsConfig(wrong)).toThrow(`trusted-roots cannot start: ${sentence}.`);
  });
});
