/** What a script that must be ported uses, found by reading its text; nothing is run. */
export interface ScriptUse {
  readonly imports: readonly string[];
  /** Methods of the message and message log API that are called. */
  readonly messageApi: readonly string[];
  /** In words: loops, dates, XML parsing, Java classes … */
  readonly features: readonly string[];
  readonly lines: number;
}

const API =
  /\b(?:getBody|setBody|getHeaders|getHeader|setHeader|setHeaders|getProperties|getProperty|setProperty|setProperties|getAttachments|addAttachmentObject|addAttachmentAsString|addCustomHeaderProperty|setStringProperty|getMessageLog|getAttachmentWrapperObjects)\b/g;

const FEATURES: readonly [pattern: RegExp, feature: string][] = [
  [/\b(for|while)\s*\(|\.each\s*[({]|\.collect\s*[({]/, 'loops'],
  [/\b(SimpleDateFormat|LocalDate|LocalDateTime|ZonedDateTime|Instant|new Date|Calendar)\b/, 'dates'],
  [/\b(Base64|encodeBase64|decodeBase64)\b/, 'Base64'],
  [/\bUUID\b/, 'UUIDs'],
  [
    /\b(XmlSlurper|XmlParser|DocumentBuilder|XmlUtil|MarkupBuilder|StreamingMarkupBuilder)\b/,
    'XML parsing or building',
  ],
  [/\b(JsonSlurper|JsonBuilder|JsonOutput|JSONObject)\b/, 'JSON parsing or building'],
  [/\b(MessageDigest|Mac|Cipher|Signature|KeyStore)\b/, 'cryptography'],
  [
    /\b(ITApiFactory|SecureStoreService|KeystoreService|ValueMappingApi|DataStoreService|NumberRangeConfigurationService)\b/,
    'SAP services',
  ],
  [/\b(new URL|openConnection|HttpClient|Socket)\b/, 'network calls'],
  [/\b(new File|FileInputStream|FileOutputStream|Files\.)\b/, 'files'],
  [/=~|==~|\.(matches|replaceAll|split)\s*\(/, 'regular expressions'],
];

export function analyzeScript(source: string): ScriptUse {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, ' ').replace(/(^|[^:])\/\/[^\n]*/g, '$1');
  const imports = [...code.matchAll(/^\s*import\s+(?:static\s+)?([\w.*]+)/gm)].map((match) => match[1] as string);
  return {
    imports: [...new Set(imports)].sort(),
    messageApi: [...new Set(code.match(API) ?? [])].sort(),
    features: FEATURES.filter(([pattern]) => pattern.test(code)).map(([, feature]) => feature),
    lines: source.split('\n').length,
  };
}
