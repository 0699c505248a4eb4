import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'admin_token' })
export class AdminTokenRow {
  @PrimaryColumn({ type: 'text' })
  name!: string;

  /** Hex. A token is 256 random bits, so a plain hash cannot be guessed backwards. */
  @Column({ type: 'text' })
  sha256!: string;

  @Column({ type: 'text', name: 'created_by' })
  createdBy!: string;

  @Column({ type: 'timestamptz', name: 'created_at' })
  createdAt!: Date;
}
