import { describe, expect, it } from '@jest/globals';
import { isPermittedDestination, readDestinationPolicy } from './destination-policy.js';

function policy(allowed = '', refused = '') {
  const read = readDestinationPolicy(allowed, refused);
  if (!('policy' in read)) throw new Error(`${read.allowedFault} ${read.refusedFault}`);
  return read.policy;
}

describe('the policy of destinations', () => {
  it.each([
    '127.0.0.1',
    '127.255.255.254',
    '0.0.0.0',
    '0.1.2.3',
    '169.254.169.254',
    '169.254.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '240.0.0.1',
    '100.100.100.200',
    '168.63.129.16',
    '::',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:169.254.169.254',
    '::127.0.0.1',
    '64:ff9b::127.0.0.1',
    '64:ff9b::a9fe:a9fe',
    '2002:7f00:1::',
    'fe80::1',
    'fe80::1%eth0',
    'febf::1',
    'ff02::1',
    'fd00:ec2::254',
    'FD00:EC2::254',
    'localhost',
    '127.1',
    '',
    '1:2:3:4:5:6:7:8:9',
    '1::2::3',
    '010.0.0.1',
  ])('is closed for %s', (address) => {
    expect(isPermittedDestination(policy(), address, address)).toBe(false);
  });

  it.each([
    '10.0.0.1',
    '172.16.0.1',
    '192.168.1.1',
    'fc00::1',
    'fd12::1',
    '8.8.8.8',
    '2001:db8::1',
    '128.0.0.1',
    '126.255.255.255',
    '::ffff:10.0.0.1',
    'fec0::1'.replace('fec0', 'fe00'),
  ])('is open for %s', (address) => {
    expect(isPermittedDestination(policy(), address, address)).toBe(true);
  });

  it('opens what the operator names, and nothing beside it', () => {
    const opened = policy('localhost, *.example.com,127.0.0.2, 169.254.10.0/24,::1');
    const may = (host: string, address: string) => isPermittedDestination(opened, host, address);
    expect(may('LOCALHOST.', '127.0.0.1')).toBe(true);
    expect(may('a.example.com', '127.0.0.1')).toBe(true);
    expect(may('example.com', '127.0.0.1')).toBe(false);
    expect(may('a.evilexample.com', '127.0.0.1')).toBe(false);
    expect(may('other', '127.0.0.2')).toBe(true);
    expect(may('other', '::ffff:127.0.0.2')).toBe(true);
    expect(may('other', '127.0.0.1')).toBe(false);
    expect(may('other', '169.254.10.9')).toBe(true);
    expect(may('other', '169.254.11.9')).toBe(false);
    expect(may('other', '::1')).toBe(true);
  });

  it('closes private networks where the operator says so, but for what is named as allowed', () => {
    const closed = policy('10.1.0.0/16', '10.0.0.0/8,fc00::/7');
    const may = (address: string) => isPermittedDestination(closed, address, address);
    expect([may('10.2.0.1'), may('::ffff:10.2.0.1'), may('fd00::1'), may('10.1.0.1'), may('192.168.0.1')]).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
  });

  it.each(['127.0.0.0/33', '::1/129', '127.0.0', 'https://a', 'a b', '*', '*.'])('does not read "%s"', (entry) => {
    expect(readDestinationPolicy(entry, '')).toHaveProperty('allowedFault');
    expect(readDestinationPolicy('', entry)).toHaveProperty('refusedFault');
  });
});
