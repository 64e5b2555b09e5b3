// What the service answers, as far as the pages read it.
export interface Counted {
  kind: string;
  total: number;
  synthetic: number;
}

export interface Cell {
  lon: number;
  lat: number;
  total: number;
}

export interface Named {
  unit_id: number;
  code: string;
  name: string;
  name_en: string | null;
}

// What the whole is called and made of.
export interface Outline {
  name: string | null;
  name_en: string | null;
  units: Counted[];
  parts_level: string | null;
  parts: Named[];
}

export interface Part extends Named {
  incidents: number | null;
  stations: number;
  households: number;
  outline: Area | null;
}

export interface Summary {
  name: string | null;
  name_en: string | null;
  units: Counted[];
  incidents: {
    total: number;
    settled: number;
    open: number;
    outside: number;
    synthetic: number;
    first_on: string | null;
    last_on: string | null;
  };
  teams: Counted[];
  stations: Counted;
  routes: Counted;
  parts_level: string | null;
  parts: Part[];
  months: { month: string; total: number }[];
  incident_cells: Cell[];
  station_cells: Cell[];
  route_cells: Cell[];
}

export type Ring = [number, number][];
export interface Area {
  type: "Polygon" | "MultiPolygon";
  coordinates: Ring[] | Ring[][];
}

export interface Unit {
  unit_id: number;
  level: string;
  code: string;
  name: string;
  name_en?: string | null;
  households?: number | null;
  path?: string;
  synthetic: boolean;
}

export interface Team {
  code: string;
  name: string;
  kind: string;
  phone: string | null;
}

export interface Place {
  lon: number;
  lat: number;
  crs: string;
  accuracy_m?: number;
}

export interface Category {
  code: string;
  parent: string | null;
  name_zh: string;
  name_en: string;
}
