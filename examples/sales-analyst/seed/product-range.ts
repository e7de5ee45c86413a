/** What the shop sells. Prices are euro cents of 2023; `popularity` is a weight, not a share. */
export interface ProductSeed {
  readonly name: string;
  readonly category: string;
  readonly priceCents: number;
  readonly popularity: number;
}

export const categoryNames = ["Tents", "Backpacks", "Sleeping Bags", "Footwear", "Cookware", "Lighting"] as const;

export const productRange: readonly ProductSeed[] = [
  { name: "Alder Tent", category: "Tents", priceCents: 18_900, popularity: 6 },
  { name: "Birch Tent", category: "Tents", priceCents: 24_900, popularity: 5 },
  { name: "Cedar Family Tent", category: "Tents", priceCents: 42_900, popularity: 3 },
  { name: "Summit Tent", category: "Tents", priceCents: 59_900, popularity: 2 },
  { name: "Trail 20 Backpack", category: "Backpacks", priceCents: 6_900, popularity: 9 },
  { name: "Trail 40 Backpack", category: "Backpacks", priceCents: 11_900, popularity: 7 },
  { name: "Metro Backpack", category: "Backpacks", priceCents: 5_400, popularity: 8 },
  { name: "Kids Backpack", category: "Backpacks", priceCents: 3_900, popularity: 4 },
  { name: "Summer Sleeping Bag", category: "Sleeping Bags", priceCents: 4_900, popularity: 6 },
  { name: "Down Sleeping Bag", category: "Sleeping Bags", priceCents: 19_900, popularity: 4 },
  { name: "Arctic Sleeping Bag", category: "Sleeping Bags", priceCents: 28_900, popularity: 2 },
  { name: "Ridge Hiking Boots", category: "Footwear", priceCents: 15_900, popularity: 8 },
  { name: "Canyon Trail Shoes", category: "Footwear", priceCents: 10_900, popularity: 9 },
  { name: "River Sandals", category: "Footwear", priceCents: 5_900, popularity: 6 },
  { name: "Snow Boots", category: "Footwear", priceCents: 13_900, popularity: 4 },
  { name: "Camp Stove", category: "Cookware", priceCents: 5_900, popularity: 8 },
  { name: "Titanium Pot", category: "Cookware", priceCents: 4_500, popularity: 6 },
  { name: "Enamel Mug", category: "Cookware", priceCents: 1_200, popularity: 12 },
  { name: "Pan Set", category: "Cookware", priceCents: 3_900, popularity: 5 },
  { name: "Head Torch", category: "Lighting", priceCents: 2_900, popularity: 11 },
  { name: "Camp Lantern", category: "Lighting", priceCents: 3_400, popularity: 8 },
  { name: "String Lights", category: "Lighting", priceCents: 1_900, popularity: 5 },
];

/** Regions with the weight a customer falls into each. */
export const regionWeights = [
  { name: "North", weight: 30 },
  { name: "South", weight: 34 },
  { name: "East", weight: 21 },
  { name: "West", weight: 15 },
] as const;

const firstNames = [
  "Harbor",
  "Juniper",
  "Granite",
  "Lakeside",
  "Maple",
  "Northstar",
  "Pinewood",
  "Quarry",
  "Redwood",
  "Stonebridge",
  "Timber",
  "Willow",
];
const lastNames = [
  "Outfitters",
  "Sports",
  "Trading",
  "Adventures",
  "Supply",
  "Camping",
  "Travel",
  "Goods",
  "Expeditions",
  "Depot",
];

/** 120 business customers, every pair of the two lists. */
export const customerNames: readonly string[] = firstNames.flatMap((first) =>
  lastNames.map((last) => `${first} ${last}`),
);
