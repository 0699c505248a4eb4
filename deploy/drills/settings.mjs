/** Every variable that the compose file gives a service is in that service's environment. */
export async function settings({ stack, see }) {
  const { services } = JSON.parse(await stack.compose('config', '--format', 'json'));
  let count = 0;
  const missing = [];
  for (const service of [
    'key-management',
    'authorization',
    'certificate-verifier',
    'flow-runtime',
    'message-log',
    'admin-api',
    'trusted-roots',
  ]) {
    const lines = (await stack.compose('exec', '-T', service, 'env')).split('\n');
    for (const [name, value] of Object.entries(services[service].environment)) {
      count++;
      if (!lines.includes(`${name}=${value}`)) missing.push(`${service} ${name}`);
    }
  }
  see(`of ${count} variables of seven services, those that did not arrive`, missing.join(', ') || 'none', 'none');
}
