/** What a flow's parts are for, one sentence each: in flow.schema.json, where editors show it, and in docs/flow-reference.md. */

export const senderDescriptions = {
  HTTPS: 'An endpoint below `/http` that takes any body.',
  SOAP: 'An endpoint below `/http` whose message is the content of the SOAP body, 1.1 or 1.2; the answer is put into an envelope.',
  IDOC: 'An endpoint below `/http` that takes IDocs in SOAP envelopes.',
  ProcessDirect: 'Is called by other flows at this address, in the same process.',
  Timer: 'Starts the flow by the clock, on one runtime each time.',
} as const;

export const receiverDescriptions = {
  HTTP: 'Calls an HTTP endpoint with the body; the answer is the new body (`requestReply`), or is dropped (`send`).',
  SOAP: 'Puts the body into a SOAP envelope and calls; the content of the answer is the new body.',
  ProcessDirect: 'Calls the flow that listens on this address.',
  Mail: 'Sends one mail over SMTP.',
} as const;

export const stepDescriptions = {
  contentModifier: 'Sets headers, properties and the body.',
  router: 'Goes on with the steps of the first route whose condition holds, or with `otherwise`.',
  filter: 'Replaces the body by what an XPath expression finds in it.',
  splitter: 'Runs its steps for each part of the body, and puts the parts together again where `gather` says how.',
  multicast: 'Runs each branch with a copy of the message.',
  requestReply: 'Calls a receiver and goes on with its answer.',
  send: 'Gives the message to a receiver and goes on with it unchanged.',
  processCall: 'Runs a process of the flow, once or as long as a condition holds.',
  jsonToXml: 'Converts JSON to XML.',
  xmlToJson: 'Converts XML to JSON.',
  csvToXml: 'Converts CSV to XML.',
  xmlToCsv: 'Converts XML to CSV.',
  xslt: 'Transforms the body by an XSLT stylesheet of the flow.',
  xmlValidation: 'Fails the message when the body does not fit an XML schema of the flow.',
  jsonValidation: 'Fails the message when the body does not fit a JSON schema of the flow.',
  encode: 'Encodes the body.',
  decode: 'Decodes the body.',
  dataStoreWrite: 'Stores the body in a data store, under an id.',
  dataStoreGet: 'Replaces the body by the entry of a data store with this id.',
  dataStoreSelect: 'Replaces the body by the oldest entries of a data store, in one XML document.',
  dataStoreDelete: 'Deletes an entry of a data store.',
  writeVariables: 'Stores values for later messages, of this flow or of all.',
  mapping: 'Maps JSON by a JSONata expression.',
  script: 'Runs a function in JavaScript that gets the message.',
  xmlModifier: 'Removes the XML declaration or a reference to an external DTD.',
  persist: 'Keeps a copy of the message for 90 days.',
  log: 'Writes a text into the message processing log, and attaches the body.',
  errorEnd: 'Ends the message as `FAILED`.',
  escalationEnd: 'Ends the message as `ESCALATED`.',
  end: 'Ends the message here.',
} as const;
