/** The request claims a certificate in a form that is not exactly the configured one: it is refused, and nobody is authenticated. */
export class MalformedClientCert extends Error {
  override readonly name = 'MalformedClientCert';
}
