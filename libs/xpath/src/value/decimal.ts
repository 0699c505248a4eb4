/** An xs:decimal: `unscaled / 10^scale`, always with the smallest scale. */
export class Decimal {
  readonly unscaled: bigint;
  readonly scale: number;

  constructor(unscaled: bigint, scale: number) {
    let value = unscaled;
    let digits = scale;
    while (digits > 0 && value % 10n === 0n) {
      value /= 10n;
      digits--;
    }
    this.unscaled = value;
    this.scale = digits;
  }

  static parse(text: string): Decimal | null {
    const match = /^([+-]?)(\d*)(?:\.(\d*))?$/.exec(text.trim());
    if (match === null || ((match[2] ?? '') === '' && (match[3] ?? '') === '')) return null;
    const fraction = match[3] ?? '';
    const digits = BigInt(`${match[2] ?? ''}${fraction}` || '0');
    return new Decimal(match[1] === '-' ? -digits : digits, fraction.length);
  }

  static fromInteger(value: bigint): Decimal {
    return new Decimal(value, 0);
  }

  /** @returns the exact decimal of a finite double */
  static fromNumber(value: number): Decimal {
    const plain = Decimal.parse(String(value));
    if (plain !== null) return plain;
    const [mantissa, exponent] = value.toExponential().split('e') as [string, string];
    const base = Decimal.parse(mantissa) as Decimal;
    const shift = Number(exponent);
    return shift >= 0
      ? new Decimal(base.unscaled * 10n ** BigInt(shift), base.scale)
      : new Decimal(base.unscaled, base.scale - shift);
  }

  get isZero(): boolean {
    return this.unscaled === 0n;
  }

  #at(scale: number): bigint {
    return this.unscaled * 10n ** BigInt(scale - this.scale);
  }

  add(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.#at(scale) + other.#at(scale), scale);
  }

  subtract(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.#at(scale) - other.#at(scale), scale);
  }

  multiply(other: Decimal): Decimal {
    return new Decimal(this.unscaled * other.unscaled, this.scale + other.scale);
  }

  /** To 18 digits behind the point. The divisor is not zero. */
  divide(other: Decimal): Decimal {
    const scale = 18;
    return new Decimal(
      (this.unscaled * 10n ** BigInt(scale + other.scale)) / (other.unscaled * 10n ** BigInt(this.scale)),
      scale,
    );
  }

  remainder(other: Decimal): Decimal {
    const scale = Math.max(this.scale, other.scale);
    return new Decimal(this.#at(scale) % other.#at(scale), scale);
  }

  negate(): Decimal {
    return new Decimal(-this.unscaled, this.scale);
  }

  compare(other: Decimal): number {
    const scale = Math.max(this.scale, other.scale);
    const [first, second] = [this.#at(scale), other.#at(scale)];
    return first < second ? -1 : first > second ? 1 : 0;
  }

  /** Towards zero. */
  truncate(): bigint {
    return this.unscaled / 10n ** BigInt(this.scale);
  }

  /** @param halves what happens to a half: up (XPath round) or to the even neighbour */
  round(digits: number, halves: 'up' | 'even'): Decimal {
    if (digits >= this.scale) return this;
    const unit = 10n ** BigInt(this.scale - digits);
    let quotient = this.unscaled / unit;
    let rest = this.unscaled % unit;
    if (rest < 0n) {
      rest += unit;
      quotient -= 1n;
    }
    const doubled = rest * 2n;
    if (doubled > unit || (doubled === unit && (halves === 'up' || quotient % 2n !== 0n))) quotient += 1n;
    return digits >= 0 ? new Decimal(quotient, digits) : new Decimal(quotient * 10n ** BigInt(-digits), 0);
  }

  floor(): bigint {
    const truncated = this.truncate();
    return this.unscaled < 0n && this.scale > 0 ? truncated - 1n : truncated;
  }

  toNumber(): number {
    return Number(this.toString());
  }

  toString(): string {
    if (this.scale === 0) return this.unscaled.toString();
    const negative = this.unscaled < 0n;
    const digits = (negative ? -this.unscaled : this.unscaled).toString().padStart(this.scale + 1, '0');
    return `${negative ? '-' : ''}${digits.slice(0, -this.scale)}.${digits.slice(-this.scale)}`;
  }
}
