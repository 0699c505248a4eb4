import { EntitySchema } from 'typeorm';

export interface AdminTokenRow {
  name: string;
  /** Hex. A token is 256 random bits, so a plain hash cannot be guessed backwards. */
  sha256: string;
  createdBy: string;
  createdAt: Date;
}

export const adminTokenSchema = new EntitySchema<AdminTokenRow>({
  name: 'admin_token',
  columns: {
    name: { type: 'text', primary: true },
    sha256: { type: 'text' },
    createdBy: { type: 'text', name: 'created_by' },
    createdAt: { type: 'timestamptz', name: 'created_at' },
  },
});
