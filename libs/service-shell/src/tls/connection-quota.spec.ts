import { describe, expect, it } from '@jest/globals';
import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { ConnectionQuota } from './connection-quota.js';

let ports = 0;
function connection(remoteAddress: string): Socket & { destroyed: boolean } {
  const socket = Object.assign(new EventEmitter(), {
    remoteAddress,
    remotePort: ++ports,
    destroyed: false,
    destroy: () => {
      socket.destroyed = true;
      socket.emit('close');
    },
  });
  return socket as unknown as Socket & { destroyed: boolean };
}

describe('attack 33: the number of connections', () => {
  it('of one address is limited; the one that has waited longest without a request makes room', () => {
    const quota = new ConnectionQuota(100, 2);
    const [first, second, third] = ['10.0.0.1', '10.0.0.1', '10.0.0.1'].map(connection) as [
      ReturnType<typeof connection>,
      ReturnType<typeof connection>,
      ReturnType<typeof connection>,
    ];
    const other = connection('10.0.0.2');
    expect([first, other, second, third].map((socket) => quota.admit(socket))).toEqual([true, true, true, true]);
    expect([first, second, third, other].map(({ destroyed }) => destroyed)).toEqual([true, false, false, false]);
    expect(quota.open).toBe(3);
  });

  it('does not take away connections that are used: the new one is refused', () => {
    const quota = new ConnectionQuota(100, 2);
    const [first, second, third] = ['10.0.0.1', '10.0.0.1', '10.0.0.1'].map(connection) as [
      ReturnType<typeof connection>,
      ReturnType<typeof connection>,
      ReturnType<typeof connection>,
    ];
    for (const socket of [first, second]) {
      quota.admit(socket);
      quota.served(socket);
    }
    expect(quota.admit(third)).toBe(false);
    expect([first.destroyed, second.destroyed]).toEqual([false, false]);
    first.destroy();
    expect(quota.admit(third)).toBe(true);
  });

  it('in all is limited whatever the address, and what is closed counts no more', () => {
    const quota = new ConnectionQuota(3, 2);
    const used = connection('10.0.0.1');
    quota.admit(used);
    quota.served(used);
    const waiting = ['10.0.0.2', '10.0.0.3', '10.0.0.4', '10.0.0.5'].map(connection);
    expect(waiting.map((socket) => quota.admit(socket))).toEqual([true, true, true, true]);
    expect(waiting.map(({ destroyed }) => destroyed)).toEqual([true, true, false, false]);
    expect([used.destroyed, quota.open]).toEqual([false, 3]);
    waiting.forEach((socket) => socket.destroyed || socket.destroy());
    expect(quota.open).toBe(1);
  });

  it('counts the connections of one network of IPv6 together, and an IPv4 address however it comes', () => {
    for (const [first, second] of [
      ['2001:db8:1:2:3:4:5:6', '2001:db8:1:2::9'],
      ['10.0.0.1', '::ffff:10.0.0.1'],
    ] as const) {
      const quota = new ConnectionQuota(10, 1);
      const sockets = [connection(first), connection(second)];
      for (const socket of sockets) quota.served(socket);
      expect(sockets.map((socket) => quota.admit(socket))).toEqual([true, true]);
      expect(sockets.map(({ destroyed }) => destroyed)).toEqual([true, false]);
    }
  });
});
