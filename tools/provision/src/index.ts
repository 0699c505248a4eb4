export { readBusStoreMb } from './config.js';
export { databaseRoles, databaseUrlFor, prepareDatabase, type DatabaseRole } from './prepare-database.js';
export { provision, type BusNode, type Provisioned, type ProvisionOptions } from './provision.js';
export { replaceFile } from './secret-files.js';
export { keepServerCertificates } from './server-certificates.js';
export { readServerNames, type ServerNames } from './server-names.js';
