/** A dialog's membership in a profile; a dialog may be in one several times. */
export interface ProfileLink {
  readonly profile: string;
  /** Null for a profile without values. */
  readonly value: string | null;
}

interface Profile {
  readonly withValue: boolean;
  size: number;
  readonly values: Map<string, number>;
}

/** Names of dialogs that belong together, and how many of them there are (profiles_with_value, profiles_no_value). */
export class DialogProfiles {
  private readonly profiles = new Map<string, Profile>();

  /** Makes a profile known; those that are known keep their sizes. */
  define(name: string, withValue: boolean): void {
    const known = this.profiles.get(name);
    if (known === undefined || known.withValue !== withValue)
      this.profiles.set(name, { withValue, size: 0, values: new Map() });
  }

  has(name: string): boolean {
    return this.profiles.has(name);
  }

  /** The link that a name and a value mean: a value is dropped where the profile has none. @returns null when there is no such profile */
  link(name: string, value: string | null): ProfileLink | null {
    const profile = this.profiles.get(name);
    if (profile === undefined || (profile.withValue && value === null)) return null;
    return { profile: name, value: profile.withValue ? value : null };
  }

  add(link: ProfileLink): void {
    this.count(link, 1);
  }

  remove(link: ProfileLink): void {
    this.count(link, -1);
  }

  /**
   * Number of memberships.
   * @param value null, or for a profile without values: all of the profile
   * @returns null when there is no such profile
   */
  size(name: string, value: string | null): number | null {
    const profile = this.profiles.get(name);
    if (profile === undefined) return null;
    return value === null || !profile.withValue ? profile.size : (profile.values.get(value) ?? 0);
  }

  private count({ profile: name, value }: ProfileLink, by: number): void {
    const profile = this.profiles.get(name);
    if (profile === undefined) return;
    profile.size += by;
    if (value === null) return;
    const left = (profile.values.get(value) ?? 0) + by;
    if (left > 0) profile.values.set(value, left);
    else profile.values.delete(value);
  }
}
