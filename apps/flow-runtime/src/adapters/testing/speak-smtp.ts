import type { Socket } from 'node:net';

export interface ReceivedMail {
  readonly commands: string[];
  mail: string;
}

/** Enough of RFC 5321 to take mails; text of several in one connection comes one after the other. */
export function speakSmtp(socket: Socket, received: ReceivedMail, refuse: boolean): void {
  let inData = false;
  let buffered = '';
  const say = (line: string) => socket.write(`${line}\r\n`);
  socket.on('error', () => socket.destroy());
  say('220 test');
  socket.setEncoding('utf8').on('data', (chunk: string) => {
    buffered += chunk;
    for (let end = buffered.indexOf('\r\n'); end >= 0; end = buffered.indexOf('\r\n')) {
      const line = buffered.slice(0, end);
      buffered = buffered.slice(end + 2);
      if (inData) {
        if (line === '.') {
          inData = false;
          say('250 taken');
        } else received.mail += `${line}\n`;
        continue;
      }
      received.commands.push(line);
      if (line.startsWith('EHLO')) say('250-test\r\n250 AUTH PLAIN LOGIN');
      else if (line === 'STARTTLS') say('502 not here');
      else if (line.startsWith('AUTH')) say('235 welcome');
      else if (line.startsWith('RCPT') && refuse) say('550 no such user');
      else if (line === 'DATA') {
        inData = true;
        say('354 go on');
      } else if (line === 'QUIT') socket.end('221 bye\r\n');
      else say('250 ok');
    }
  });
}
