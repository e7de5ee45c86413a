/** What the exchanges are about that are put together by rule. */
export interface Topic {
  readonly id: string;
  readonly subject: string;
  readonly parts: readonly string[];
  readonly statements: readonly string[];
  /** What somebody may ask for, and what the answer is. */
  readonly facts: readonly (readonly [key: string, value: string])[];
}

const topic = (id: string, subject: string, parts: string, statements: string, facts: string): Topic => ({
  id,
  subject,
  parts: parts.split(", "),
  statements: statements.trim().split(/\n\s*/),
  facts: facts.split("; ").map((fact) => fact.split(" = ") as [string, string]),
});

export const TOPICS: readonly Topic[] = [
  topic(
    "crane",
    "the overhaul of the harbour crane",
    "the winch, the boom, the brake drum, the cabin, the hydraulics, the ladder, the limit switch, the paint",
    `The winch drum shows grooves about two millimetres deep.
     Grease has run out of the slewing ring on the water side.
     The boom was last measured for cracks in 2019.
     A new brake drum takes nine weeks from the foundry.
     The cabin's heater trips the fuse when the lights are on.
     We can borrow the floating crane of the shipyard in May.
     Salt has eaten the lower rungs of the ladder.
     The limit switch stops the hook a metre too late.
     Two riggers and one electrician are enough for the first week.
     The insurer wants photographs of each weld.`,
    "serial number = 7731-K; lifting capacity = 25 tonnes; inspection date = 14 May; crane driver = Mr Halloran",
  ),
  topic(
    "vaccine",
    "the cold chain for the vaccination campaign",
    "the freezers, the vans, the data loggers, the dry ice, the clinics, the schedule, the training, the returns",
    `Two of the seven freezers warm up when the compressor starts.
     Each van carries three boxes with twelve hours of dry ice.
     The data loggers report every five minutes over the mobile network.
     In the valley there is no network, so the loggers keep it until they are back.
     The clinic in Osterby opens only on Wednesdays.
     A dose that was above eight degrees for an hour is thrown away.
     Nurses need forty minutes to learn the new syringes.
     We send what is left over back on the same evening.
     Dry ice comes from the brewery, which has some to spare.
     The mountain road closes when it snows.`,
    "batch number = VX-209; storage temperature = minus 20 degrees; contact nurse = Ms Lindqvist; number of doses = 4,800",
  ),
  topic(
    "orchestra",
    "the tour of the youth orchestra",
    "the coaches, the halls, the programme, the instruments, the chaperones, the meals, the posters, the visas",
    `The double basses do not fit into the luggage hold of the coach.
     The hall in Graz has no rehearsal before noon.
     Dvořák first, then the new piece, then the interval.
     Each chaperone looks after nine children.
     Three violinists are vegetarians and one must not eat nuts.
     The harp is rented in each town, which saves a lorry.
     Tickets in Linz are sold out, in Passau a third is left.
     The soloist arrives by night train from Zürich.
     The poster shows a trumpet, although no trumpet plays.
     Parents have paid the first half of the fee.`,
    "departure time = 6:45; number of musicians = 63; hotel = Zum Anker; conductor = Ms Ferrara",
  ),
  topic(
    "beehives",
    "the new beehives on the roof of the town hall",
    "the hives, the access, the water, the neighbours, the honey, the insurance, the winter feed, the signs",
    `A full hive weighs more than the lift is allowed to carry on its roof hatch.
     Lime trees in the park bloom for three weeks in June.
     The kindergarten next door asks for a screen two metres high.
     Bees fly up to three kilometres for lavender.
     Water in a shallow dish keeps them from the fountain.
     The mites are counted in August and in December.
     Sugar syrup is fed before the first frost.
     A swarm in May hung from the mayor's balcony.
     Honey of the first year is given to the fire brigade.
     The caretaker has the only key of the roof door.`,
    "number of hives = six; beekeeper = Mr Adeyemi; key number = 44; roof load = 350 kilos",
  ),
  topic(
    "payroll",
    "the change of the payroll system",
    "the tax table, the overtime, the bank files, the pay slips, the holidays, the audit log, the test run, the hotline",
    `Overtime on Sundays is paid at one and a half.
     The bank refuses files with more than 9,999 lines.
     Pay slips go out as letters to those who never log in.
     Half days of holiday were rounded up in the old program.
     The audit log has to name who changed a rate, and when.
     In the test run eleven people got a salary of zero.
     Apprentices fall under another agreement than masters.
     The tax table of January came on the 28th of December.
     Pensions are computed from gross, not from net.
     The hotline expects four hundred calls on the first day.`,
    "cut-over date = 1 July; employee count = 2,316; bank code = 370400; project sponsor = Ms Duarte",
  ),
  topic(
    "museum",
    "the exhibition of shipwreck finds",
    "the showcases, the lighting, the labels, the loans, the guards, the shop, the opening, the catalogue",
    `The astrolabe may not see more than fifty lux.
     Wood from the sea crumbles when the air is dry.
     Lisbon lends the cannon only with a courier.
     Labels are read best at a height of a metre forty.
     The anchor comes in through the window of the stairwell.
     School classes touch replicas in the last room.
     Two coins turned out to be buttons.
     The catalogue has a chapter on the divers.
     The guards ask for chairs that do not squeak.
     A film shows the wreck as the robot saw it.`,
    "opening day = 3 October; curator = Dr Novak; insured value = 1.9 million; room number = 12",
  ),
  topic(
    "search",
    "the slow search of the shop",
    "the index, the cache, the ranking, the synonyms, the filters, the logging, the mobile page, the rollout",
    `The index is built anew each night and takes four hours.
     A query for socks reads the whole table of variants.
     The ranking gives returns no weight at all.
     Synonyms are kept in a spreadsheet that nobody owns.
     Filters by size do not use the key that we have for them.
     On phones the page asks for eighty thumbnails at once.
     The cache forgets everything at each deployment.
     Half of all queries are the same two hundred words.
     A profile shows six hundred milliseconds in a regular expression.
     The replica lags behind by a minute at noon.`,
    "service name = finder; slowest query = 4.2 seconds; deadline = the 20th; on-call engineer = Priya",
  ),
  topic(
    "flood",
    "the flood defence of the lower town",
    "the dam, the pumps, the sandbags, the sirens, the road, the hospital, the volunteers, the gauges",
    `The gauge at the mill rises six centimetres an hour.
     Sandbags for the underpass are filled at the depot.
     Pump two runs hot and needs a rest each third hour.
     The hospital moves its archive from the cellar to the attic.
     Moles have dug through the old dam at the rowing club.
     The ring road stays open for ambulances only.
     Farmers bring tractors with trailers from the hills.
     The siren of the east quarter was stolen for its copper.
     Upstream the reservoir lets out what it can.
     Volunteers sleep in the gym, eighty of them.`,
    "water level = 5.40 metres; peak time = 23:00; crisis line = 0800 11 22; head of operations = Mr Sato",
  ),
  topic(
    "vineyard",
    "the harvest of the vineyard",
    "the pickers, the press, the barrels, the sorting, the lunch, the tractors, the samples, the labels",
    `The Riesling has 88 degrees on the upper terraces.
     Wasps have opened the berries along the wall.
     The press takes two tonnes and three hours.
     Pickers from Tarnów come on Sunday evening.
     Rain is forecast for the night to Thursday.
     We sort by hand on a belt from the potato farmer.
     Barrels of acacia go to the white, oak to the red.
     A sample from the north slope tastes of green pepper.
     The small tractor passes between the rows, the large one does not.
     Lunch is soup, bread and the wine of last year.`,
    "picking start = 18 September; number of pickers = 34; buyer = the cooperative; cellar master = Yannick",
  ),
  topic(
    "tender",
    "the bid for the school canteens",
    "the menus, the kitchens, the prices, the allergens, the deliveries, the references, the staff, the waste",
    `Organic carrots cost a third more in spring.
     Each of the eleven schools has an oven but no cold room.
     The city weighs taste at forty percent, by a jury of pupils.
     Fourteen allergens must stand beside each dish.
     Our electric vans reach the northern schools twice on one charge.
     Waste is weighed and told to the city each month.
     Cooks are hired for ten months of the year.
     Two references must be of more than a thousand meals a day.
     The rival in second place was cheaper by nine cents.
     Fish on Fridays is asked for, and never eaten.`,
    "tender number = K-2031; closing date = 9 March; price limit = 4.35; meals per day = 1,850",
  ),
  topic(
    "satellite",
    "the small satellite of the students",
    "the antenna, the battery, the camera, the radio, the solar cells, the software, the shake test, the licence",
    `The antenna unfolds by a nylon thread that is burnt through.
     At minus thirty the battery gives half its charge.
     The camera sends one picture in each orbit.
     A watchdog restarts the computer when it is silent for a minute.
     Solar cells on five sides make two watts on average.
     The shake test broke a screw that was not glued.
     The amateur band asks us to publish our telemetry.
     A bit flips about twice a week up there.
     The frame is milled out of one block of aluminium.
     Ground stations in Bremen and Nairobi listen for us.`,
    "launch window = November; orbit height = 520 kilometres; call sign = DP0BTU; mass = 1.3 kilos",
  ),
  topic(
    "library",
    "the new catalogue of the city library",
    "the records, the search page, the loans, the reminders, the labels, the branch offices, the data import, the opening hours",
    `Nine thousand records have no author at all.
     Reminders by post cost more than the fines bring in.
     Children look for covers and not for titles.
     The branch in Westend lends tools besides books.
     Two systems number the same copy differently.
     Returned books wait three days for their shelf.
     The import stumbles over Cyrillic letters.
     Readers want to see what they have read.
     Labels on the spine fall off in summer.
     Old cards in drawers are still right more often.`,
    "number of copies = 210,400; go-live date = 2 May; vendor = Folio North; card price = 12",
  ),
  topic(
    "wind",
    "the wind farm on the ridge",
    "the turbines, the cable, the birds, the road, the noise, the lease, the grid, the meeting",
    `Red kites nest four hundred metres from turbine five.
     The cable follows the forest road and crosses the brook twice.
     At night the noise at the farm is 38 decibels.
     Blades are 62 metres long and come by night.
     The grid operator takes no more than eighteen megawatts.
     Owners of the meadows are paid by area, not by mast.
     Shadows fall on the school for nine hours a year.
     The foundation swallows sixty lorries of concrete.
     A mast with instruments has measured for fourteen months.
     The village votes on it in a hall that holds two hundred.`,
    "number of turbines = seven; hub height = 140 metres; hearing date = 22 February; project manager = Ms Brandt",
  ),
  topic(
    "podcast",
    "the podcast about forgotten inventions",
    "the script, the guests, the music, the recording, the cuts, the cover, the sponsors, the transcript",
    `The episode on the pneumatic post runs to fifty minutes.
     Our guest from Milan speaks too close to the microphone.
     A string quartet plays the theme for a dinner.
     Fridges hum through the whole second take.
     The sponsor sells mattresses and wants to be named twice.
     Listeners drop off where the patent law begins.
     The steam-driven typewriter deserves its own part.
     A transcript helps the deaf and the search engines.
     Cutting takes three times as long as talking.
     The cover shows a bicycle with square wheels.`,
    "episode number = 17; release day = Thursday; studio = Hinterhof 3; sound engineer = Malik",
  ),
  topic(
    "bakery",
    "the second shop of the bakery",
    "the oven, the rent, the counter, the staff, the flour, the permits, the sign, the opening offer",
    `The oven needs a chimney through two floors.
     Rye flour from the mill is brought on Tuesdays.
     Somebody has to knead from half past two at night.
     The landlord asks for three months in advance.
     The counter of the old pharmacy could be used again.
     Bicycles block the door in the mornings.
     Rolls sell out at nine, cakes at four.
     The office for hygiene wants a second basin.
     A neon sign is not allowed in the old town.
     Students would like to sit, pensioners to be quick.`,
    "shop address = Kettle Lane 5; oven power = 42 kilowatts; monthly rent = 2,150; opening day = 6 June",
  ),
  topic(
    "trial",
    "the clinical trial of the knee brace",
    "the patients, the forms, the hospitals, the measurements, the ethics board, the statistics, the braces, the report",
    `Eighteen of forty patients have come to the third visit.
     The brace in size small chafes behind the knee.
     Pain is marked on a line of ten centimetres.
     The ethics board asks how drop-outs are counted.
     In Utrecht a physiotherapist measures instead of a doctor.
     One form was filled in for the left knee by mistake.
     A difference of twelve points would matter to patients.
     Blinding is hard with something that one wears.
     Steps are counted by a sensor in the shoe.
     The winter arm walks less, whatever it wears.`,
    "study number = KB-04; sample size = 120; primary outcome = pain at week 12; statistician = Dr Osei",
  ),
  topic(
    "harvest-robot",
    "the robot that picks strawberries",
    "the gripper, the wheels, the vision, the battery pack, the tunnel, the crates, the safety stop, the price",
    `The gripper bruises every ninth berry.
     Mud clogs the wheels after a night of rain.
     Leaves hide a third of what is ripe.
     The depth camera is blind when the sun is low.
     One charge lasts for two rows and the way back.
     Growers pay per kilo and not per machine.
     A child ran in front of it and it stopped in time.
     Crates stack eight high before they lean.
     White berries with red tips fool the model.
     In the tunnel the radio link breaks at row thirty.`,
    "prototype name = Fraga; picking rate = 11 berries a minute; test farm = Aldersey; lead investor = the dairy",
  ),
  topic(
    "archive",
    "the digitisation of the parish registers",
    "the scanners, the bindings, the handwriting, the names, the storage, the volunteers, the licences, the website",
    `The oldest volume opens no wider than ninety degrees.
     Ink has eaten through the page of 1743.
     Three spellings of one family stand on a single line.
     Volunteers read Kurrent after about ten evenings.
     A page takes nine seconds with the new cradle.
     Illegitimate children are entered upside down.
     Mould in the box of Saint Anne needs a fume hood.
     Copies are kept in two towns on different rivers.
     Descendants in Ohio send photographs of gravestones.
     The bishop allows everything older than a hundred years.`,
    "number of volumes = 418; image resolution = 400 dpi; archivist = Sister Agnes; storage size = 31 terabytes",
  ),
  topic(
    "ferry",
    "the winter timetable of the island ferry",
    "the first boat, the crews, the fuel, the school run, the lorries, the storms, the tickets, the quay",
    `The first boat must reach the mainland before the school bus.
     Above force eight the ramp cannot be lowered.
     Crews rest eleven hours between two shifts.
     The milk lorry takes the place of four cars.
     The new engine burns a fifth less at eleven knots.
     Islanders pay half, dogs nothing.
     Ice in the harbour lasts for nine days on average.
     Tickets on paper are still a third of all.
     Divers check the quay after each storm.
     On Sundays two boats go nearly empty.`,
    "vessel name = Maren; crossing time = 35 minutes; harbour master = Captain Iversen; car deck = 28 cars",
  ),
  topic(
    "game",
    "the board game about canals",
    "the map, the rules, the pieces, the box, the testers, the price, the printing, the fair",
    `Whoever builds the first lock wins nearly every time.
     The rules fill eleven pages and should fill six.
     Wooden barges cost more than the rest together.
     Testers forget to pay the toll at the junctions.
     A round with five players takes a whole evening.
     Blue and violet look alike under a lamp.
     The printer in Łódź folds the map once more than we like.
     An event card about drought makes people laugh.
     The box must fit on the shelf beside the others.
     At the fair each table has ninety minutes.`,
    "print run = 3,000; age = from 10; retail price = 39; illustrator = Noor",
  ),
];
