import { Column, Entity, PrimaryColumn } from 'typeorm';

@Entity({ name: 'person' })
export class PersonRow {
  /** As {@link personIdFor} makes it. */
  @PrimaryColumn({ type: 'text' })
  id!: string;

  @Column({ type: 'text' })
  issuer!: string;

  @Column({ type: 'text' })
  subject!: string;

  @Column({ type: 'text' })
  shown!: string;

  /** Rights of the last sign-in. */
  @Column({ type: 'text', array: true })
  roles!: string[];

  @Column({ type: 'timestamptz', name: 'first_signed_in_at' })
  firstSignedInAt!: Date;

  @Column({ type: 'timestamptz', name: 'last_signed_in_at' })
  lastSignedInAt!: Date;

  /** When an administrator last ended all sessions of this person. */
  @Column({ type: 'timestamptz', name: 'signed_out_at', nullable: true })
  signedOutAt!: Date | null;
}
