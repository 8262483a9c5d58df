"""24 word problems of our own, each with a story of its own."""

# ruff: noqa: E501 - texts
from __future__ import annotations

SUMS: tuple[tuple[str, int], ...] = (
    ("Ilva stacks 21 bricks along the chapel wall once the bell has rung. Ruben then brings 5 crates with 6 bricks in each. How many bricks stand there in the end?", 51),
    ("A ferry leaves the pier with 48 tourists and 7 goats. At the island a third of the tourists get off and 4 more goats climb aboard. How many living beings does the captain count now, himself left out?", 43),
    ("Mirka owes her aunt 130 kroner for a broken kite. She mows two lawns for 35 kroner each and hands over all of it. How much does she still owe?", 60),
    ("The clock in the foundry loses 3 minutes every hour. It is set right at noon. How many minutes late is it when it should strike nine in the evening?", 27),
    ("Oskar has three ladders. The first has 14 rungs, the second twice as many, and the third as many as the others together but without the 5 that broke. How many rungs does the third ladder have?", 37),
    ("Senna bottles 56 litres of cider in flagons that take 1.75 litres each and sells all but two flagons. How many flagons does she sell?", 30),
    ("On Monday Jorun paints 9 shutters green. Each following day she manages 2 fewer, until she stops after Thursday. How many shutters are green by then?", 24),
    ("Pavel's mule carries 80 kilograms uphill in one go. There are 9 sacks of 24 kilograms, and sacks are never opened. How many climbs does the mule need?", 3),
    ("Tilda swaps 4 marbles for every 3 stamps. She begins with 36 marbles and 11 stamps and trades all her marbles away. How many stamps does she own afterwards?", 38),
    ("A museum shows 18 masks in each of its 5 rooms. Moths ruin a tenth of all masks, and a thief carries off 6 of the sound ones. How many sound masks are left?", 75),
    ("Hanko rows 5 kilometres downstream in 20 minutes and needs three times as long for the way back. What is his average speed over both ways, in kilometres an hour, rounded down?", 7),
    ("Seven siblings share a cake of 2,100 grams so that the youngest gets twice the portion of everybody else. The portions are rounded down to whole grams. How many grams does an older sibling get?", 262),
    ("Yusra plants tulips in a square of 11 by 11 and then pulls out everything that stands on the border. How many tulips remain?", 81),
    ("In a choir 2 of every 5 singers are altos. After 6 altos catch a cold, 18 altos are left. How many singers did the choir have before the cold went round?", 60),
    ("Edda buys lamp oil at 8 crowns a litre and resells it at 11. She spills 5 of her 40 litres before the first customer comes. How many crowns has she gained when the oil is gone?", 65),
    ("Two snails start from opposite ends of a hedge 96 decimetres long. One creeps 5 decimetres an hour, its friend 3. After how many hours do they meet?", 12),
    ("Torben reads chapters 3 to 17 of a saga aloud. Every chapter takes 12 minutes, and after every fifth chapter he drinks tea for 10 minutes, even after the last. How many minutes pass?", 210),
    ("The baker dusts 144 buns. A quarter gets cinnamon, a third of the rest gets cocoa, everything else stays plain. How many plain buns are there?", 72),
    ("A well is 30 metres deep. The bucket sinks 4 metres per turn of the crank, but the rope slips back 1 metre after each turn. After which turn does the bucket touch the bottom for the first time?", 10),
    ("Old coins of 15 grams and new ones of 9 grams lie in a purse that weighs 213 grams without leather. There are 5 new coins more than old ones. How many old coins are there?", 7),
    ("Nela and Bo fold paper cranes. Nela folds 7 while Bo folds 4. Together they reach 132 cranes at midnight. How many of these did Bo fold?", 48),
    ("A theatre sells 320 seats at 12 marks. Children pay half, and 90 of the seats went to children. How many marks are in the till?", 3300),
    ("Grandfather winds 3 balls of wool out of every 2 hanks. He needs 5 balls for a blanket and has 16 hanks. How many whole blankets can be knitted?", 4),
    ("The lighthouse flashes every 14 seconds, the buoy beside it every 21 seconds. Both flash at eight sharp. How many times do they flash together in the following seven minutes, the start not counted?", 10),
)  # fmt: skip
"""(question, answer)"""
